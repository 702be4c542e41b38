-- Forgetting: indexes to find messages by age and events by message, and the time before which a chat is not stored.

-- Unix seconds: messages sent before are not stored, because the chat was forgotten then. 0: it was never forgotten.
ALTER TABLE chats ADD COLUMN forgotten_before INTEGER NOT NULL DEFAULT 0;

-- For merging two chats into one, and for readers of one chat.
CREATE INDEX events_by_chat ON events (chat) WHERE chat IS NOT NULL;

CREATE INDEX events_by_message ON events (message) WHERE message IS NOT NULL;

-- Disappearing messages, by the time at which they disappear.
CREATE INDEX messages_by_expiry ON messages (json_extract(details, '$.expires_at'))
  WHERE json_extract(details, '$.expires_at') IS NOT NULL;
