-- The tokens of every message that has words (tokens.ts makes them, so that the tokenizer here only parts them at
-- spaces), by the message's id: newest first is the index's own order. The texts themselves stand in messages alone.
CREATE VIRTUAL TABLE search USING fts5 (
  tokens,
  content = '',
  columnsize = 0,
  tokenize = "ascii tokenchars '_'"
);

-- The words of a message that is deleted or changed leave the file with it, not when segments are merged some day.
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
