-- The audit log: one row for each call that changed something or read what people wrote. It has no texts and no search terms.
-- at_ms: Unix milliseconds at which the call began. face: rest, mcp or page. client: name of the client as it gives it.
-- account: null for what belongs to the server. chat: JID that the call names; null if it names none.
-- decision: allowed, held or denied. outcome: ok, or the code of the error.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  caller TEXT NOT NULL,
  face TEXT NOT NULL,
  client TEXT,
  operation TEXT NOT NULL,
  account TEXT,
  chat TEXT,
  decision TEXT NOT NULL CHECK (decision IN ('allowed', 'held', 'denied')),
  outcome TEXT NOT NULL
);
-- Rows are added, and deleted by age.
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
