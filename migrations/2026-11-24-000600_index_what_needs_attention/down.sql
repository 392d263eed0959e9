DROP INDEX deliveries_project_id_idx;
DROP INDEX deliveries_of_repository_idx;
DROP INDEX jobs_failed_idx;
DROP INDEX deliveries_attention_idx;
