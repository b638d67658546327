-- What a job was really drawn with: JSON of engine.protocol.UsedParameters for its first picture; NULL until drawn.
ALTER TABLE jobs ADD COLUMN used TEXT;

-- Why the base model drew it although the job names an adapter: the engine's words; empty where it did not.
ALTER TABLE jobs ADD COLUMN fallback TEXT NOT NULL DEFAULT '';
