-- One account's archive. Times are Unix seconds unless a name says _ms. Booleans are 0 and 1.

CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- One row per person, for both addresses: phone is <digits>@c.us, lid is <digits>@lid.
CREATE TABLE people (
  id INTEGER PRIMARY KEY,
  phone TEXT UNIQUE,
  lid TEXT UNIQUE,
  name TEXT,
  pushname TEXT,
  in_address_book INTEGER NOT NULL DEFAULT 0,
  is_business INTEGER NOT NULL DEFAULT 0,
  is_blocked INTEGER NOT NULL DEFAULT 0,
  -- Not null: this is the same person as that row. The row has no address; only details of messages may refer to it.
  same_as INTEGER
);

-- A direct chat has a person and no jid. Every other chat has a jid and no person.
CREATE TABLE chats (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  jid TEXT UNIQUE,
  person INTEGER UNIQUE REFERENCES people (id),
  name TEXT,
  -- -1: marked as unread by the user.
  unread_count INTEGER NOT NULL DEFAULT 0,
  timestamp INTEGER NOT NULL DEFAULT 0,
  archived INTEGER NOT NULL DEFAULT 0,
  pinned_at INTEGER NOT NULL DEFAULT 0,
  -- -1: without an end.
  muted_until INTEGER NOT NULL DEFAULT 0,
  is_read_only INTEGER NOT NULL DEFAULT 0,
  -- Not null: deleted on WhatsApp.
  removed_at INTEGER,
  -- The newest message by position.
  last_message INTEGER,
  -- The archive is complete up to this position, except for gaps. Null: the chat was never read.
  caught_up_to INTEGER,
  -- 1: the archive has the oldest message that WhatsApp Web has.
  history_complete INTEGER NOT NULL DEFAULT 0,
  -- Not null: this is the same chat as that row. The row is empty; an id of it leads to the other row.
  merged_into INTEGER
);
CREATE INDEX chats_by_time ON chats (timestamp DESC, id DESC);

CREATE TABLE members (
  chat INTEGER NOT NULL,
  person INTEGER NOT NULL,
  is_admin INTEGER NOT NULL,
  PRIMARY KEY (chat, person)
) WITHOUT ROWID;
CREATE INDEX members_by_person ON members (person);

-- id is the message's position (position.ts): it contains the time and sorts by it, in any order of insertion.
-- sender is a person; 0 is this account, -1 is none (messages of a channel have no other author).
-- details is JSON with fields that few messages have: media, quoted, mentions, forwarded, expires_at.
CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  chat INTEGER NOT NULL,
  bare_id TEXT NOT NULL,
  sender INTEGER NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  ack INTEGER NOT NULL,
  has_media INTEGER NOT NULL DEFAULT 0,
  edited_at_ms INTEGER,
  revoked_at_ms INTEGER,
  details TEXT
);
-- Both end with the row's id, so that the messages of a chat are in order of time.
CREATE INDEX messages_by_chat ON messages (chat);
-- For merging two people into one.
CREATE INDEX messages_by_sender ON messages (sender) WHERE sender > 0;
CREATE UNIQUE INDEX messages_by_bare_id ON messages (bare_id, chat, sender);

-- The text of a message before its nth change.
CREATE TABLE revisions (
  message INTEGER NOT NULL,
  n INTEGER NOT NULL,
  what TEXT NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  until_at_ms INTEGER NOT NULL,
  PRIMARY KEY (message, n)
) WITHOUT ROWID;

CREATE TABLE reactions (
  message INTEGER NOT NULL,
  sender INTEGER NOT NULL,
  emoji TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (message, sender)
) WITHOUT ROWID;
CREATE INDEX reactions_by_sender ON reactions (sender) WHERE sender > 0;

-- Messages that are known to be missing: after after_message (null: from the beginning) and before before_message.
CREATE TABLE gaps (
  id INTEGER PRIMARY KEY,
  chat INTEGER NOT NULL,
  after_message INTEGER,
  before_message INTEGER NOT NULL,
  found_at_ms INTEGER NOT NULL
);
CREATE INDEX gaps_by_chat ON gaps (chat);

-- Append-only. Cursors grow strictly and are never reused. data is JSON, or null if the kind needs none.
CREATE TABLE events (
  cursor INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  chat INTEGER,
  message INTEGER,
  data TEXT
);
