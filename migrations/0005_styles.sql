-- Styles that adapters declared when the engine was last asked; before it ever was, those of the shipped adapters.
CREATE TABLE styles (
    adapter TEXT PRIMARY KEY,
    command TEXT NOT NULL,                 -- what members type, without the slash
    frame   TEXT NOT NULL,                 -- the prompt that the model gets, with {prompt} in it
    weight  REAL NOT NULL,                 -- of the adapter
    help    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO styles (adapter, command, frame, weight, help) VALUES
    ('kancil', 'kancil', '{prompt}, storybook illustration', 0.7, 'Si Kancil'),
    ('landscape', 'landscape', '{prompt}, fantasy landscape', 0.7, 'Fantasy landscape'),
    ('retro', 'retro', '{prompt}, retro anime character', 1.0, 'Retro character');

-- How a job is drawn is fixed when it is accepted.
ALTER TABLE jobs ADD COLUMN weight REAL NOT NULL DEFAULT 1.0;

ALTER TABLE jobs ADD COLUMN frame TEXT NOT NULL DEFAULT '{prompt}';

UPDATE jobs SET
    weight = coalesce((SELECT weight FROM styles WHERE styles.adapter = jobs.adapter), 1.0),
    frame = coalesce((SELECT frame FROM styles WHERE command = json_extract(request, '$.style')), '{prompt}');
