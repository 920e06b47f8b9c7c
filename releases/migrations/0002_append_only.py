"""Results, facts, revisions and lessons are append-only in the database too, and no release is deleted.

TRUNCATE passes the triggers of rows by, so it has one of its own; a database whose name begins with `test_` may
be emptied.
"""

from django.db import migrations

TABLES = ("releases_itemresult", "releases_manualfact", "releases_revision", "releases_lessons", "releases_watching",
          "releases_freezeoverride")
KEPT = ("releases_release", "releases_author", "releases_releaseitem", *TABLES)

FUNCTION = """
CREATE FUNCTION releases_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""
FORWARD = FUNCTION + "".join(
    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
    f"FOR EACH ROW EXECUTE FUNCTION releases_refuse();\n"
    for table in TABLES
)
FORWARD += "".join(
    f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();\n"
    for table in KEPT
)
FORWARD += """
CREATE TRIGGER releases_release_kept BEFORE DELETE ON releases_release
    FOR EACH ROW EXECUTE FUNCTION releases_refuse();
"""
BACKWARD = "DROP TRIGGER releases_release_kept ON releases_release;\n"
BACKWARD += "".join(f"DROP TRIGGER {table}_never_emptied ON {table};\n" for table in KEPT)
BACKWARD += "".join(f"DROP TRIGGER {table}_append_only ON {table};\n" for table in TABLES) + (
    "DROP FUNCTION releases_refuse();"
)


class Migration(migrations.Migration):
    dependencies = [("releases", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
