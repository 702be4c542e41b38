-- Whether a program looked for the words of the media: found (they are with the message), none, failed, running. NULL: not yet.
ALTER TABLE media ADD COLUMN words TEXT;
