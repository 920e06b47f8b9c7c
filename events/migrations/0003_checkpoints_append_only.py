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


class Migration(migrations.Migration):
    dependencies = [("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
