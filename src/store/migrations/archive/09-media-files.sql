-- Files of media that lie beside the archive (session/media.ts), and what is known of those that do not.

ALTER TABLE media ADD COLUMN fetched_at_ms INTEGER;
-- WhatsApp has it no more.
ALTER TABLE media ADD COLUMN expired_at_ms INTEGER;
CREATE INDEX media_of_file ON media (filehash);
CREATE INDEX media_never_fetched ON media (message) WHERE fetched_at_ms IS NULL AND expired_at_ms IS NULL;

-- filehash: SHA-256 of the bytes, base64.
CREATE TABLE media_files (
  filehash TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  -- By its first bytes.
  type TEXT,
  used_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX media_files_by_use ON media_files (used_at_ms);

-- Files that are to be deleted from the disk: their last message has left, or there is no space for them.
CREATE TABLE media_leaving (filehash TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TRIGGER media_left AFTER DELETE ON media WHEN NOT EXISTS (SELECT 1 FROM media WHERE filehash = old.filehash)
BEGIN
  DELETE FROM media_files WHERE filehash = old.filehash;
END;
CREATE TRIGGER media_replaced AFTER UPDATE OF filehash ON media
  WHEN old.filehash <> new.filehash AND NOT EXISTS (SELECT 1 FROM media WHERE filehash = old.filehash)
BEGIN
  DELETE FROM media_files WHERE filehash = old.filehash;
END;
-- The phone has uploaded it again.
CREATE TRIGGER media_moved AFTER UPDATE OF direct_path ON media WHEN old.direct_path <> new.direct_path
BEGIN
  UPDATE media SET expired_at_ms = NULL WHERE message = new.message AND expired_at_ms IS NOT NULL;
END;
CREATE TRIGGER media_file_left AFTER DELETE ON media_files
BEGIN
  INSERT OR IGNORE INTO media_leaving VALUES (old.filehash);
END;
