-- One account's archive. Times are Unix seconds unless a name says _ms. Booleans are 0 and 1.

CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- One row a person, however many addresses: phone is <digits>@c.us, lid is <digits>@lid.
CREATE TABLE people (
  id INTEGER PRIMARY KEY,
  phone TEXT UNIQUE,
  lid TEXT UNIQUE,
  name TEXT,
  pushname TEXT,
  in_address_book INTEGER NOT NULL DEFAULT 0,
  is_business INTEGER NOT NULL DEFAULT 0,
  is_blocked INTEGER NOT NULL DEFAULT 0,
  -- Not null: turned out to be that person. Has no address any more; only details of messages may still name it.
  same_as INTEGER
);

-- A direct chat has its person and no jid of its own, every other one a jid and no person.
CREATE TABLE chats (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  jid TEXT UNIQUE,
  person INTEGER UNIQUE REFERENCES people (id),
  name TEXT,
  -- -1: marked as unread by hand.
  unread_count INTEGER NOT NULL DEFAULT 0,
  timestamp INTEGER NOT NULL DEFAULT 0,
  archived INTEGER NOT NULL DEFAULT 0,
  pinned_at INTEGER NOT NULL DEFAULT 0,
  -- -1: for ever.
  muted_until INTEGER NOT NULL DEFAULT 0,
  is_read_only INTEGER NOT NULL DEFAULT 0,
  -- Not null: deleted on WhatsApp.
  removed_at INTEGER,
  -- The newest message by position.
  last_message INTEGER,
  -- Up to this position nothing that WhatsApp had was missing when we last looked, but for gaps; null: never looked.
  caught_up_to INTEGER,
  -- 1: the beginning of what WhatsApp Web has is here.
  history_complete INTEGER NOT NULL DEFAULT 0,
  -- Not null: turned out to be that chat. Holds nothing any more; whoever still has its id finds the other one.
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

-- id is the message's position (position.ts): it sorts by time, whenever the message was written, and holds the time.
-- sender is a person; 0 is this account, -1 is nobody (a channel speaks as itself).
-- details is JSON of what few messages have: media, quoted, mentions, forwarded, expires_at.
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
-- Both end in the row's id, so that a chat's messages come in order of time.
CREATE INDEX messages_by_chat ON messages (chat);
-- For two people who turn out to be one.
CREATE INDEX messages_by_sender ON messages (sender) WHERE sender > 0;
CREATE UNIQUE INDEX messages_by_bare_id ON messages (bare_id, chat, sender);

-- What a message said before its nth change.
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

-- Messages known to be missing: after after_message (null: from the beginning) and before before_message.
CREATE TABLE gaps (
  id INTEGER PRIMARY KEY,
  chat INTEGER NOT NULL,
  after_message INTEGER,
  before_message INTEGER NOT NULL,
  found_at_ms INTEGER NOT NULL
);
CREATE INDEX gaps_by_chat ON gaps (chat);

-- Append-only; cursors grow strictly and are never used twice. data is JSON, null where the kind says it all.
CREATE TABLE events (
  cursor INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  chat INTEGER,
  message INTEGER,
  data TEXT
);
