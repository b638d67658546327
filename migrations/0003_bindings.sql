-- The adapter that moderators of a server or chat chose for a style; no row: the built-in one.
CREATE TABLE bindings (
    platform TEXT NOT NULL,
    place    TEXT NOT NULL,
    style    TEXT NOT NULL,
    adapter  TEXT,                         -- NULL: the base model alone
    PRIMARY KEY (platform, place, style)
) STRICT, WITHOUT ROWID;

-- Who changed a binding, where and when. old and new: an adapter's name, 'none' or 'default'.
CREATE TABLE audit (
    id       INTEGER PRIMARY KEY,
    at       REAL NOT NULL,                -- seconds since the epoch
    platform TEXT NOT NULL,
    place    TEXT NOT NULL,
    user     TEXT NOT NULL,
    style    TEXT NOT NULL,
    old      TEXT NOT NULL,
    new      TEXT NOT NULL
) STRICT;
