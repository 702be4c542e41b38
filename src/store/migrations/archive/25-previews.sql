-- The preview that came with the media of a message: a JPEG of some kilobytes. It leaves with what a download requires, and so
-- with the message.
CREATE TABLE media_previews (
  message INTEGER PRIMARY KEY,
  jpeg BLOB NOT NULL
);
CREATE TRIGGER media_preview_left AFTER DELETE ON media
BEGIN
  DELETE FROM media_previews WHERE message = old.message;
END;
