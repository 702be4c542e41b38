-- Who was in which group when, as far as it was noticed. since_ms NULL: already a member as the archive first saw the group.
-- until_ms NULL: still a member. A person who comes again has another row.
CREATE TABLE member_spans (
  id INTEGER PRIMARY KEY,
  chat INTEGER NOT NULL,
  person INTEGER NOT NULL,
  since_ms INTEGER,
  until_ms INTEGER
);
CREATE INDEX member_spans_by_chat ON member_spans (chat, until_ms);
CREATE INDEX member_spans_by_person ON member_spans (person);
INSERT INTO member_spans (chat, person) SELECT chat, person FROM members;
