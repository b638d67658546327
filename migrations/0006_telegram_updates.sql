-- What Telegram handed over and was not dealt with yet; a row goes when it was.
CREATE TABLE telegram_updates (
    id   INTEGER PRIMARY KEY,              -- Telegram's update_id
    body TEXT NOT NULL                     -- the update as Telegram's JSON
) STRICT;
