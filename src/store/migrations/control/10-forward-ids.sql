-- Items that forward a message had no id of their own, because WhatsApp Web chose it. Those that wait get one.
UPDATE outbox SET bare_id = '3EB0' || hex(randomblob(9)) WHERE bare_id = '';
