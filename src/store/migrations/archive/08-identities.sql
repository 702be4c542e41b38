-- A person with a LID is that LID. A phone number belongs to a person for a time, because WhatsApp gives it to somebody else later.
-- Unix milliseconds: from_ms is included, 0 is the beginning; until_ms is not included, NULL is the present. A number belongs to
-- one person at a time; people.phone is the present one. A row with a phone number alone stands for its next person.
CREATE TABLE person_phones (
  phone TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER,
  person INTEGER NOT NULL REFERENCES people (id),
  PRIMARY KEY (phone, from_ms)
) WITHOUT ROWID;
CREATE INDEX person_phones_by_person ON person_phones (person);
INSERT INTO person_phones (phone, from_ms, until_ms, person)
  SELECT phone, 0, NULL, id FROM people WHERE phone IS NOT NULL AND lid IS NOT NULL;

-- The digits of the phone number by which the message came: of the chat of two, or of the sender in a group. NULL: by LID, or not
-- known. With it a message follows its number, if the number was somebody else's at that time.
ALTER TABLE messages ADD COLUMN by_phone INTEGER;

-- Unix seconds: messages sent before are not added, but those that are here stay: a chat that was forgotten is one with an older one.
ALTER TABLE chats ADD COLUMN forgotten_until INTEGER NOT NULL DEFAULT 0;
UPDATE chats SET forgotten_until = forgotten_before;

-- Numbers that were asked for, and the number of the account that WhatsApp found: in some countries they differ.
CREATE TABLE phone_aliases (asked TEXT PRIMARY KEY, phone TEXT NOT NULL) WITHOUT ROWID;
