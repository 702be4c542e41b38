-- One row for each message that this server sends or holds. Times are Unix milliseconds.

-- number: JID of the linked WhatsApp account at the time of creation; an item is never sent from another one.
-- caller: id of the caller. request: the idempotency key of the call; null if it had none.
-- chat: JID of the recipient, as the API returns it. reply_to: id of the message that it replies to. content: JSON of what is sent; null once nothing of it
-- will be sent.
-- bare_id: id of the message, chosen before it is sent. message_id: documented id, once it is sent.
CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  number TEXT NOT NULL,
  state TEXT NOT NULL CHECK (
    state IN ('held', 'scheduled', 'sending', 'sent', 'failed', 'unknown', 'rejected', 'expired', 'cancelled')
  ),
  operation TEXT NOT NULL,
  caller TEXT NOT NULL,
  request TEXT,
  reason TEXT,
  chat TEXT NOT NULL,
  chat_name TEXT NOT NULL,
  preview TEXT NOT NULL,
  digest TEXT NOT NULL,
  reply_to TEXT,
  content TEXT,
  bare_id TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  release_at_ms INTEGER,
  expires_at_ms INTEGER,
  sent_at_ms INTEGER,
  message_id TEXT,
  error TEXT
) WITHOUT ROWID;
CREATE INDEX outbox_open ON outbox (account) WHERE state IN ('held', 'scheduled', 'sending', 'unknown');
CREATE INDEX outbox_by_request ON outbox (request) WHERE request IS NOT NULL;

-- The calls that had an idempotency key. input: hash of the input. process: the run of the server that began the call.
-- outcome: JSON of what the call returned; null while it runs.
CREATE TABLE requests (
  caller TEXT NOT NULL,
  account TEXT NOT NULL,
  operation TEXT NOT NULL,
  key TEXT NOT NULL,
  input TEXT NOT NULL,
  process TEXT NOT NULL,
  outcome TEXT,
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (caller, account, operation, key)
) WITHOUT ROWID;
CREATE INDEX requests_by_time ON requests (created_at_ms);
