-- What messages consist of: notices and unknown kinds beside ordinary messages, what a download of media requires, and each
-- message as it was received.

-- 0: a message; 1: a notice or a call, which lists leave out; 2: of an unknown kind, or unreadable.
ALTER TABLE messages ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;
CREATE INDEX messages_unknown ON messages (id) WHERE standing = 2;

-- Base64 and paths as WhatsApp has them. Times are Unix seconds. Never part of an answer.
CREATE TABLE media (
  message INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  direct_path TEXT NOT NULL,
  media_key TEXT,
  media_key_at INTEGER,
  enc_filehash TEXT,
  filehash TEXT,
  mimetype TEXT,
  size_bytes INTEGER
);

-- payload: JSON, compressed (raw-models.ts).
CREATE TABLE message_raw (
  message INTEGER PRIMARY KEY,
  engine TEXT NOT NULL,
  build TEXT,
  payload BLOB NOT NULL
);

UPDATE messages SET standing = 1
  WHERE type IN ('call_log', 'history_bundle', 'status_notification', 'guest_upsell_system_msg');
UPDATE messages SET standing = 2 WHERE type = 'unknown';
UPDATE chats SET last_message = (SELECT max(id) FROM messages WHERE chat = chats.id AND standing <> 1)
  WHERE last_message IN (SELECT id FROM messages WHERE standing = 1);

-- Earlier versions stored the preview of a place, in base64, as its text, and the card of a contact. Coordinates, options of
-- polls and further cards were not stored: the chats of such messages are read again.
UPDATE messages SET details = json_set(coalesce(details, '{}'), '$.contacts', json_array(json_object(
      'name', coalesce(
        (SELECT text FROM (SELECT value AS line, trim(substr(value, instr(value, ':') + 1)) AS text FROM json_each(card_lines))
          WHERE (line LIKE 'FN:%' OR line LIKE 'FN;%' OR line LIKE 'item_.FN%' OR line LIKE 'item__.FN%') AND text <> '' LIMIT 1),
        -- Family name, given name, and others.
        (SELECT trim(substr(rest, 1, instr(rest || ';', ';') - 1) || ' ' || family) FROM (
            SELECT substr(text, 1, instr(text || ';', ';') - 1) AS family, substr(text, instr(text || ';', ';') + 1) AS rest
            FROM (SELECT value AS line, trim(substr(value, instr(value, ':') + 1)) AS text FROM json_each(card_lines))
            WHERE line LIKE 'N:%' OR line LIKE 'N;%' OR line LIKE 'item_.N:%' OR line LIKE 'item_.N;%') LIMIT 1),
        ''),
      'phone_numbers', (SELECT json_group_array(trim(substr(value, instr(value, ':') + 1))) FROM json_each(card_lines)
        WHERE value LIKE 'TEL%' OR value LIKE 'item_.TEL%' OR value LIKE 'item__.TEL%')))),
    body = ''
  FROM (SELECT id AS card_id, (WITH RECURSIVE lines (line, rest) AS (
        SELECT '', replace(body, char(13), '') || char(10)
        UNION ALL SELECT substr(rest, 1, instr(rest, char(10)) - 1), substr(rest, instr(rest, char(10)) + 1) FROM lines
          WHERE rest <> '')
      SELECT json_group_array(line) FROM lines WHERE instr(line, ':') > 0) AS card_lines
    FROM messages WHERE type = 'vcard' AND body LIKE 'BEGIN:VCARD%')
  WHERE id = card_id;
-- Only these had previews as texts (earlier-content.ts). The text of media is a caption, whatever it looks like.
UPDATE messages SET body = '' WHERE type IN ('location', 'product', 'order', 'groups_v4_invite', 'newsletter_admin_invite',
  'newsletter_follower_invite', 'interactive') AND length(body) >= 40
  AND rtrim(body, '=') NOT GLOB '*[^A-Za-z0-9+/]*';
UPDATE messages SET details = json_set(coalesce(details, '{}'), '$.event', json_object('name', body)), body = ''
  WHERE type IN ('event_creation', 'scheduled_event_creation') AND body <> '';
-- Replies quote them.
UPDATE messages SET details = json_set(details, '$.quoted.body', '')
  WHERE json_extract(details, '$.quoted.body') LIKE 'BEGIN:VCARD%' OR json_extract(details, '$.quoted.body') GLOB '/9j/*'
  AND rtrim(json_extract(details, '$.quoted.body'), '=') NOT GLOB '*[^A-Za-z0-9+/]*';
UPDATE revisions SET body = '' WHERE (type IN ('vcard', 'multi_vcard') AND body LIKE 'BEGIN:VCARD%')
  OR (type IN ('location', 'product', 'order', 'groups_v4_invite', 'newsletter_admin_invite', 'newsletter_follower_invite', 'interactive')
    AND length(body) >= 40 AND rtrim(body, '=') NOT GLOB '*[^A-Za-z0-9+/]*');

UPDATE chats SET history = 'more', history_reason = NULL, history_tries = 0, history_next_at = NULL, history_from = NULL
  WHERE id IN (SELECT chat FROM messages WHERE type NOT IN ('chat', 'image', 'video', 'audio', 'ptt', 'document', 'sticker',
    'revoked', 'ciphertext'));
