-- Finished jobs are removed by age.
CREATE INDEX jobs_finished ON jobs (changed_at) WHERE state IN ('delivered', 'failed', 'cancelled');

CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN
    DELETE FROM telegram_cards WHERE job = old.id;
END;
