-- Keys of callers. hash, old_hash: SHA-256 of the secret in hexadecimal; old_hash is valid until old_until_ms (rotation).
-- scopes, accounts, toolsets: lists as JSON; null accounts or toolsets: all.
CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  old_hash TEXT,
  old_until_ms INTEGER,
  scopes TEXT NOT NULL,
  accounts TEXT,
  toolsets TEXT,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER,
  used_at_ms INTEGER
) WITHOUT ROWID;
