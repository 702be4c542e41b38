-- What belongs to no single account. Times are Unix milliseconds.

CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- state: what the owner wants, running or stopped; it outlives a restart of the server.
-- proxy: secret, since it may hold credentials. number: JID of the WhatsApp account that is linked, null before.
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  label TEXT,
  state TEXT NOT NULL CHECK (state IN ('running', 'stopped')),
  proxy TEXT,
  number TEXT,
  created_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
