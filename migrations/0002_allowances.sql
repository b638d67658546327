-- One token bucket for each member: how many pictures were left at a moment.
CREATE TABLE allowances (
    platform TEXT NOT NULL,
    user     TEXT NOT NULL,
    pictures REAL NOT NULL,
    as_of    REAL NOT NULL,                -- seconds since the epoch
    PRIMARY KEY (platform, user)
) STRICT, WITHOUT ROWID;
