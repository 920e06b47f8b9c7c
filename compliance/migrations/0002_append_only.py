"""Findings, waivers among them, are append-only in the database too.

TRUNCATE passes the triggers of rows by, so it has one of its own; a database whose name begins with `test_` may
be emptied.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION compliance_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER compliance_finding_append_only BEFORE UPDATE OR DELETE ON compliance_finding
    FOR EACH ROW EXECUTE FUNCTION compliance_refuse();
CREATE TRIGGER compliance_finding_never_emptied BEFORE TRUNCATE ON compliance_finding
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();
"""
BACKWARD = """
DROP TRIGGER compliance_finding_never_emptied ON compliance_finding;
DROP TRIGGER compliance_finding_append_only ON compliance_finding;
DROP FUNCTION compliance_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
