"""Releases and what is kept of them are not emptied either, and no release is deleted.

TRUNCATE passes the triggers of rows by, so it has one of its own; a database whose name begins with `test_` may
be emptied.
"""

from django.db import migrations

TABLES = (
    "releases_release",
    "releases_author",
    "releases_releaseitem",
    "releases_itemresult",
    "releases_manualfact",
    "releases_revision",
    "releases_lessons",
    "releases_watching",
    "releases_freezeoverride",
)
FORWARD = "".join(
    f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();"
    for table in TABLES
)
BACKWARD = "".join(f"DROP TRIGGER {table}_never_emptied ON {table};" for table in TABLES)

FORWARD += """
CREATE TRIGGER releases_release_kept BEFORE DELETE ON releases_release
    FOR EACH ROW EXECUTE FUNCTION releases_refuse();
"""
BACKWARD += "DROP TRIGGER releases_release_kept ON releases_release;"


class Migration(migrations.Migration):
    dependencies = [("releases", "0003_state_version"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
