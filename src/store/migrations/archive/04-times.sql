-- Corrects times that earlier versions stored as the page sent them. Valid times are whole Unix seconds up to the year 9999,
-- 253402300799. Times up to a thousand times that are milliseconds. NULL and -1 keep their meaning.
UPDATE chats SET timestamp = CASE
    WHEN timestamp BETWEEN 0 AND 253402300799 THEN CAST(timestamp AS INTEGER)
    WHEN timestamp BETWEEN 253402300799 AND 253402300799999 THEN CAST(timestamp / 1000 AS INTEGER)
    ELSE coalesce(last_message / 4194304 + 1230768000, 0) END
  WHERE typeof(timestamp) <> 'integer' OR timestamp NOT BETWEEN 0 AND 253402300799;
UPDATE chats SET pinned_at = CASE
    WHEN pinned_at BETWEEN 0 AND 253402300799 THEN CAST(pinned_at AS INTEGER)
    WHEN pinned_at BETWEEN 253402300799 AND 253402300799999 THEN CAST(pinned_at / 1000 AS INTEGER)
    ELSE pinned_at > 0 END
  WHERE typeof(pinned_at) <> 'integer' OR pinned_at NOT BETWEEN 0 AND 253402300799;
-- A later time has no end.
UPDATE chats SET muted_until = CASE
    WHEN muted_until BETWEEN 0 AND 253402300799 THEN CAST(muted_until AS INTEGER)
    WHEN muted_until BETWEEN 253402300799 AND 253402300799999 THEN CAST(muted_until / 1000 AS INTEGER)
    WHEN muted_until > 0 THEN -1 ELSE 0 END
  WHERE muted_until <> -1 AND (typeof(muted_until) <> 'integer' OR muted_until NOT BETWEEN 0 AND 253402300799);
-- A removed chat stays removed, and a forgotten chat stays forgotten.
UPDATE chats SET removed_at = CAST(min(max(removed_at, 0), 253402300799) AS INTEGER)
  WHERE typeof(removed_at) NOT IN ('integer', 'null') OR removed_at NOT BETWEEN 0 AND 253402300799;
UPDATE chats SET forgotten_before = CAST(min(max(forgotten_before, 0), 253402300799) AS INTEGER)
  WHERE typeof(forgotten_before) <> 'integer' OR forgotten_before NOT BETWEEN 0 AND 253402300799;
UPDATE chats SET unread_count = CASE WHEN unread_count BETWEEN -1 AND 1000000000 THEN CAST(unread_count AS INTEGER) ELSE 0 END
  WHERE typeof(unread_count) <> 'integer' OR unread_count NOT BETWEEN -1 AND 1000000000;
