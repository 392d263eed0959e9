DROP INDEX jobs_turn_idx;
