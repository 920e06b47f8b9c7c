"""A legal hold is never deleted or rewritten, and is lifted once, by somebody and with a reason."""

from django.db import migrations

FORWARD = """
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
BACKWARD = """
DROP TRIGGER events_hold_never_emptied ON events_legal_hold;
DROP TRIGGER events_hold_kept ON events_legal_hold;
DROP FUNCTION events_hold_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0003_checkpoints_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
