-- Models of messages, compressed together as they were written together (raw-models.ts): one alone takes four times the space and
-- seven times the time. A payload of an earlier version is one model; its pack has the number of its message.
ALTER TABLE message_raw RENAME TO raw_packs;
ALTER TABLE raw_packs RENAME COLUMN message TO id;

-- characters: the model as JSON, about.
CREATE TABLE message_raw (
  message INTEGER PRIMARY KEY,
  pack INTEGER NOT NULL,
  characters INTEGER NOT NULL
);
INSERT INTO message_raw (message, pack, characters) SELECT id, id, 5 * length(payload) FROM raw_packs;
