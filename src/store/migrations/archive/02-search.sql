-- The tokens of every message with words, by the message's id: newest first is the order of the index. tokens.ts creates
-- the tokens, so the tokenizer here only splits at spaces. The texts themselves are in messages only.
CREATE VIRTUAL TABLE search USING fts5 (
  tokens,
  content = '',
  columnsize = 0,
  tokenize = "ascii tokenchars '_'"
);

-- The words of a deleted or changed message leave the file with it, not at a later merge of segments.
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
