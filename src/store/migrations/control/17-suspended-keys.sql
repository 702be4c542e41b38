-- suspended: those of `accounts` that were logged out or linked to another number since they were given, as JSON; null: none.
ALTER TABLE keys ADD COLUMN suspended TEXT;
