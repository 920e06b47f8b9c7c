"""Results, facts, revisions and lessons are append-only in the database too.

TRUNCATE is left to the owner of the tables, which empties a test database.
"""

from django.db import migrations

TABLES = ("releases_itemresult", "releases_manualfact", "releases_revision", "releases_lessons", "releases_watching",
          "releases_freezeoverride")

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
BACKWARD = "".join(f"DROP TRIGGER {table}_append_only ON {table};\n" for table in TABLES) + (
    "DROP FUNCTION releases_refuse();"
)


class Migration(migrations.Migration):
    dependencies = [("releases", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
