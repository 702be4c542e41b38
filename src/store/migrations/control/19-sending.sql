-- Deliveries that are under way, with the bodies of their first attempts: what a crash leaves is delivered again as it was. They leave
-- when the position of the webhook or rule is behind them. sending: JSON.
CREATE TABLE webhook_sending (
  webhook TEXT PRIMARY KEY,
  sending TEXT NOT NULL
) WITHOUT ROWID;

-- The same of the later events of the chat of a lane.
ALTER TABLE webhook_lanes ADD COLUMN sending TEXT NOT NULL DEFAULT '[]';
