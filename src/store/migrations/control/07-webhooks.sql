-- Receivers of events, one row each. Times are Unix milliseconds.

-- secret, old_secret: base64; old_secret also signs until old_until_ms. filter: JSON, see model/webhook.ts.
-- paused: why it is paused. place: cursor in the event log of the account.
-- lost_at_ms: when events were found to be deleted before they were delivered.
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  old_secret TEXT,
  old_until_ms INTEGER,
  filter TEXT NOT NULL,
  paused TEXT,
  place TEXT NOT NULL,
  lost_at_ms INTEGER,
  created_at_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- A chat in which a delivery fails; empty for events without a chat. event: cursor of the newest event of the chat that was
-- attempted. head: JSON, its delivery with the body; null once it is settled. Later events of the chat are in the event log.
CREATE TABLE webhook_lanes (
  webhook TEXT NOT NULL,
  chat TEXT NOT NULL,
  event TEXT NOT NULL,
  head TEXT,
  PRIMARY KEY (webhook, chat)
) WITHOUT ROWID;

-- A delivery that is not tried again. about: JSON, the attempts. It has no body.
CREATE TABLE webhook_dead (
  webhook TEXT NOT NULL,
  event TEXT NOT NULL,
  died_at_ms INTEGER NOT NULL,
  about TEXT NOT NULL,
  PRIMARY KEY (webhook, event)
) WITHOUT ROWID;
