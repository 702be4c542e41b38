-- chats: the chats that the key sees, as JSON {only, hide} of JIDs; null: all. sends: to whom it may send without approval, as JSON
-- {policy, chats}; null: as the settings say.
ALTER TABLE keys ADD COLUMN chats TEXT;
ALTER TABLE keys ADD COLUMN sends TEXT;
