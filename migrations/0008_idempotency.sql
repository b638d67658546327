-- What makes a command the same when it comes twice, in the frontend's own words; NULL where nothing can come twice.
ALTER TABLE jobs ADD COLUMN idempotency_key TEXT;

UPDATE jobs SET idempotency_key = json_extract(address, '$.source') WHERE platform = 'telegram';

DROP INDEX jobs_telegram_source;

CREATE UNIQUE INDEX jobs_idempotency_key ON jobs (platform, idempotency_key) WHERE idempotency_key IS NOT NULL;
