"""Checkpoints, what they sealed, and tombstones are never changed, deleted or emptied either."""

from django.db import migrations

TABLES = ("events_checkpoint", "events_checkpoint_entry", "events_tombstone")
FORWARD = "".join(
    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION events_refuse();"
    f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();"
    for table in TABLES
)
BACKWARD = "".join(
    f"DROP TRIGGER {table}_append_only ON {table}; DROP TRIGGER {table}_never_emptied ON {table};"
    for table in TABLES
)


RETENTION = """
DO $$
BEGIN
    GRANT SELECT, INSERT ON events_tombstone TO hmhp_retention;
EXCEPTION WHEN undefined_object THEN
    RAISE NOTICE 'there is no role hmhp_retention; see docs/audit.md';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0002_append_only")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunSQL(RETENTION, migrations.RunSQL.noop),
    ]
