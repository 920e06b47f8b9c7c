"""Findings are append-only in the database too; TRUNCATE is left to the owner, which empties a test database."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION compliance_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER compliance_finding_append_only BEFORE UPDATE OR DELETE ON compliance_finding
    FOR EACH ROW EXECUTE FUNCTION compliance_refuse();
"""
BACKWARD = """
DROP TRIGGER compliance_finding_append_only ON compliance_finding;
DROP FUNCTION compliance_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
