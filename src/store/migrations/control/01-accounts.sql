-- Data that belongs to no single account. Times are Unix milliseconds.

CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- state: running or stopped, as the owner set it; kept over restarts of the server.
-- proxy: secret, because it may contain credentials. number: JID of the linked WhatsApp account; null before linking.
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  label TEXT,
  state TEXT NOT NULL CHECK (state IN ('running', 'stopped')),
  proxy TEXT,
  number TEXT,
  created_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
