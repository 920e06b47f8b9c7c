"""Findings, waivers among them, are not emptied either.

TRUNCATE passes the triggers of rows by, so it has one of its own; a database whose name begins with `test_` may
be emptied.
"""

from django.db import migrations

TABLES = ("compliance_finding",)
FORWARD = "".join(
    f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();"
    for table in TABLES
)
BACKWARD = "".join(f"DROP TRIGGER {table}_never_emptied ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0002_append_only"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
