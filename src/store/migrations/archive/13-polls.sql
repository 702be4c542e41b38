-- The newest vote of each person in a poll. choice: JSON array of the names of options, sorted; empty: taken back; NULL: it cannot
-- be read. voter: as reactions.sender.
CREATE TABLE poll_votes (
  message INTEGER NOT NULL,
  voter INTEGER NOT NULL,
  choice TEXT,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (message, voter)
) WITHOUT ROWID;
CREATE INDEX poll_votes_by_voter ON poll_votes (voter) WHERE voter > 0;
