-- The Telegram message in which a job lives.
CREATE TABLE telegram_cards (
    job    TEXT PRIMARY KEY,
    status INTEGER,                        -- id of the message that tells where the job stands, then carries the buttons
    media  INTEGER NOT NULL,               -- whether that message shows a picture
    album  TEXT NOT NULL,                  -- JSON: ids of the messages of a media group
    files  TEXT NOT NULL                   -- JSON: Telegram's ids of the pictures that were sent as files
) STRICT, WITHOUT ROWID;

-- An update that comes twice is accepted once: its source is part of the job's address.
CREATE UNIQUE INDEX jobs_telegram_source ON jobs (json_extract(address, '$.source')) WHERE platform = 'telegram';
