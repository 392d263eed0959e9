DROP INDEX jobs_failed_idx;
DROP INDEX deliveries_attention_idx;
