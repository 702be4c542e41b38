-- How much of a chat's history is here, in place of a flag that one empty loading set for ever. Every chat is doubted once: it is
-- read again from its newest message, which also finds what was missed at the borders of pages.
-- history: 'all', 'more' (WhatsApp Web may have or receive more), 'on_phone' (the rest is on the phone), 'failed'.
ALTER TABLE chats DROP COLUMN history_complete;
ALTER TABLE chats ADD COLUMN history TEXT NOT NULL DEFAULT 'more';
-- Why: an error code, or what WhatsApp Web said (model/history.ts).
ALTER TABLE chats ADD COLUMN history_reason TEXT;
-- Loadings in a row that brought nothing, and when the next one is due (Unix seconds; null: at once).
ALTER TABLE chats ADD COLUMN history_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN history_next_at INTEGER;
-- From the newest message back to this position all were read; null: from none. Older ones may have arrived by themselves.
ALTER TABLE chats ADD COLUMN history_from INTEGER;
-- Unix seconds: when the phone was asked for more. Once.
ALTER TABLE chats ADD COLUMN phone_asked_at INTEGER;
