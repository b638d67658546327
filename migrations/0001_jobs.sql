-- The journal: one row for each accepted command. States are those of bot/jobs/job.py.
CREATE TABLE jobs (
    id         TEXT PRIMARY KEY,
    platform   TEXT NOT NULL,
    place      TEXT NOT NULL,
    user       TEXT NOT NULL,
    locale     TEXT NOT NULL,
    address    TEXT NOT NULL,              -- JSON, the frontend's own
    request    TEXT NOT NULL,              -- JSON of bot.request.DrawRequest
    seed       INTEGER NOT NULL,
    adapter    TEXT,                       -- NULL: the base model alone
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL DEFAULT '',
    message    TEXT NOT NULL DEFAULT '',
    charged    INTEGER NOT NULL,           -- pictures taken from the allowance and not given back
    created_at REAL NOT NULL,              -- seconds since the epoch
    changed_at REAL NOT NULL
) STRICT;

CREATE INDEX jobs_unfinished ON jobs (platform, created_at)
    WHERE state NOT IN ('delivered', 'failed', 'cancelled');
