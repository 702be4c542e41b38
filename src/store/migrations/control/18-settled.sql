-- When an item reached its last state: it is deleted some days after that. Null: it waits, or is on its way.
ALTER TABLE outbox ADD COLUMN settled_at_ms INTEGER;
UPDATE outbox SET settled_at_ms = coalesce(sent_at_ms, created_at_ms)
WHERE state IN ('sent', 'failed', 'rejected', 'expired', 'cancelled');
CREATE INDEX outbox_settled ON outbox (settled_at_ms) WHERE settled_at_ms IS NOT NULL;
