-- Both releases can work with this: the former one never names the new column.
ALTER TABLE notification ADD COLUMN channel text NOT NULL DEFAULT 'email';
