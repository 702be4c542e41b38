-- Where the rules of the rules file are, one row each. Their failing deliveries are lanes of webhooks with the id of the rule.
-- place: cursor in the event log of the account. paused: why the rule is paused. stamp: of the rules file when it was paused; a
-- file with another stamp was saved since, and continues it.
CREATE TABLE rules (
  id TEXT PRIMARY KEY,
  place TEXT NOT NULL,
  paused TEXT,
  stamp TEXT
) WITHOUT ROWID;
