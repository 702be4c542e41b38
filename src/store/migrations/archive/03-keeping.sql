-- Forgetting: what is to be found by age, by the message it tells of, and what is not to be kept again.

-- Unix seconds: what was sent before is not kept, since somebody forgot this chat then. 0: nobody did.
ALTER TABLE chats ADD COLUMN forgotten_before INTEGER NOT NULL DEFAULT 0;

-- For two chats that turn out to be one, and for readers of one chat.
CREATE INDEX events_by_chat ON events (chat) WHERE chat IS NOT NULL;

CREATE INDEX events_by_message ON events (message) WHERE message IS NOT NULL;

-- Disappearing messages, by the time at which they go.
CREATE INDEX messages_by_expiry ON messages (json_extract(details, '$.expires_at'))
  WHERE json_extract(details, '$.expires_at') IS NOT NULL;
