ALTER TABLE job_attempts
    DROP COLUMN cpu_ms,
    DROP COLUMN peak_memory_kib;
