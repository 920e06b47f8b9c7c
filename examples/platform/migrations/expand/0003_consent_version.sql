-- The mistake of the release with the bad migration: appointments that exist have no such version.
ALTER TABLE appointment ADD COLUMN consent_version integer NOT NULL;
