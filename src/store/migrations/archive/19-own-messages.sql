-- For "has the owner written in this chat?", which every message of a person outside of the address book asks.
CREATE INDEX messages_own ON messages (chat) WHERE sender = 0;
