-- Profile pictures of people, groups and the account itself (session/pictures.ts): their files are files of media. And numbers on WhatsApp.

CREATE TABLE pictures (
  -- JID of the person (the LID, if it is known) or group.
  of TEXT PRIMARY KEY,
  -- WhatsApp's own name of this version of the picture; null: there is none, or it is hidden.
  tag TEXT,
  -- In media_files; null: not here.
  filehash TEXT,
  checked_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX pictures_of_file ON pictures (filehash);

CREATE TRIGGER picture_left AFTER DELETE ON pictures WHEN NOT EXISTS (SELECT 1 FROM pictures WHERE filehash = old.filehash)
  AND NOT EXISTS (SELECT 1 FROM media WHERE filehash = old.filehash)
BEGIN
  DELETE FROM media_files WHERE filehash = old.filehash;
END;
CREATE TRIGGER picture_replaced AFTER UPDATE OF filehash ON pictures
  WHEN old.filehash IS NOT new.filehash AND NOT EXISTS (SELECT 1 FROM pictures WHERE filehash = old.filehash)
  AND NOT EXISTS (SELECT 1 FROM media WHERE filehash = old.filehash)
BEGIN
  DELETE FROM media_files WHERE filehash = old.filehash;
END;

DROP TRIGGER media_left;
CREATE TRIGGER media_left AFTER DELETE ON media WHEN NOT EXISTS (SELECT 1 FROM media WHERE filehash = old.filehash)
  AND NOT EXISTS (SELECT 1 FROM pictures WHERE filehash = old.filehash)
BEGIN
  DELETE FROM media_files WHERE filehash = old.filehash;
END;
DROP TRIGGER media_replaced;
CREATE TRIGGER media_replaced AFTER UPDATE OF filehash ON media
  WHEN old.filehash <> new.filehash AND NOT EXISTS (SELECT 1 FROM media WHERE filehash = old.filehash)
  AND NOT EXISTS (SELECT 1 FROM pictures WHERE filehash = old.filehash)
BEGIN
  DELETE FROM media_files WHERE filehash = old.filehash;
END;

-- Phone numbers that were looked up within the last day (session/numbers.ts).
CREATE TABLE number_checks (
  phone TEXT PRIMARY KEY,
  -- Null: not on WhatsApp.
  jid TEXT,
  checked_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
