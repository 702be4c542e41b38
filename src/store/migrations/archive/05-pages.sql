-- Each index on a chat changes a page of its own for most messages. The events of a message are found by the message, which has
-- its chat; only the others need their own.
DROP INDEX events_by_chat;
CREATE INDEX events_of_chats ON events (chat) WHERE message IS NULL AND chat IS NOT NULL;
