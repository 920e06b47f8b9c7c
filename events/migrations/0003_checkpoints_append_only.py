"""Checkpoints, what they sealed, and tombstones are never changed, deleted or emptied either.

A legal hold is lifted once, by somebody and with a reason, and else kept like them.
"""

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

HOLDS = """
CREATE FUNCTION events_hold_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['lifted_by', 'lifted_at', 'lifted_reason'];
BEGIN
    IF TG_OP = 'DELETE' OR OLD.lifted_at IS NOT NULL OR to_jsonb(NEW) - free <> to_jsonb(OLD) - free THEN
        RAISE EXCEPTION 'a legal hold is placed and lifted, never rewritten or deleted'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER events_hold_kept BEFORE UPDATE OR DELETE ON events_legal_hold
    FOR EACH ROW EXECUTE FUNCTION events_hold_kept();
CREATE TRIGGER events_hold_never_emptied BEFORE TRUNCATE ON events_legal_hold
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();
"""
NO_HOLDS = """
DROP TRIGGER events_hold_never_emptied ON events_legal_hold;
DROP TRIGGER events_hold_kept ON events_legal_hold;
DROP FUNCTION events_hold_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0002_append_only")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunSQL(HOLDS, NO_HOLDS),
        migrations.RunSQL(RETENTION, migrations.RunSQL.noop),
    ]
