-- 1 if a device of the owner has written in the chat, or if the owner approved a message to this group. It stays when those messages
-- are deleted by age, or come before many of this server.
ALTER TABLE chats ADD COLUMN familiar INTEGER NOT NULL DEFAULT 0;
