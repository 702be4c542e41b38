-- Unix seconds, by WhatsApp's clock: what comes live from then on is new, also before forgotten_until, which may be a time of this
-- computer.
ALTER TABLE chats ADD COLUMN goes_on_from INTEGER NOT NULL DEFAULT 0;
UPDATE chats SET goes_on_from = iif(forgotten_before = forgotten_until - 1, forgotten_before, forgotten_until);
