-- What a run used, where it was a process whose end was seen. Null = not known.
ALTER TABLE job_attempts
    ADD COLUMN cpu_ms          bigint,
    ADD COLUMN peak_memory_kib bigint;
