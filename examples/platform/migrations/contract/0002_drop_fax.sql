-- Runs when the former release is gone for good: nothing names the old column any more.
ALTER TABLE notification DROP COLUMN by_fax;
