"""Emergencies as the database guards them, also against the admin and a shell.

With broken glass one standing go meets a gate, whatever else it asks; a no-go never. A stop ends once, with its gate satisfied; what it said is never rewritten. Broken glass and late
entries are never changed or deleted; a review's due time never moves, and what follows a no-go is named once.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION emergency_stop_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['gate_id', 'lifted_at', 'lifted_by', 'lifted_reason', 'lifted_factors',
                         'lift_act_id'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'an emergency stop is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free
            OR (OLD.gate_id IS DISTINCT FROM NEW.gate_id AND EXISTS (
                SELECT 1 FROM approvals_gate WHERE id = OLD.gate_id AND state IN ('open', 'satisfied')))
            OR OLD.lifted_at IS NOT NULL THEN
        RAISE EXCEPTION 'an emergency stop is never rewritten' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.lifted_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM approvals_gate
            WHERE id = NEW.gate_id AND kind = 'stop_lift' AND state = 'satisfied') THEN
        RAISE EXCEPTION 'an emergency stop is lifted only when its gate is satisfied'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER emergency_stop_guard BEFORE UPDATE OR DELETE ON approvals_emergencystop
    FOR EACH ROW EXECUTE FUNCTION emergency_stop_guard();

CREATE FUNCTION break_glass_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'broken glass is never changed or deleted' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER break_glass_guard BEFORE UPDATE OR DELETE ON approvals_breakglass
    FOR EACH ROW EXECUTE FUNCTION break_glass_guard();

CREATE FUNCTION review_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['level', 'follow_up', 'follow_up_act_id'];
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR NEW.level < OLD.level THEN
        RAISE EXCEPTION 'a review that is owed is never changed or deleted'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.follow_up, NEW.follow_up_act_id) IS DISTINCT FROM (OLD.follow_up, OLD.follow_up_act_id) AND (
        OLD.follow_up <> '' OR NOT EXISTS (
            SELECT FROM approvals_gate WHERE id = NEW.gate_id AND state = 'rejected')) THEN
        RAISE EXCEPTION 'what follows is named once, and only of a review that said no-go'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_guard BEFORE UPDATE OR DELETE ON approvals_review
    FOR EACH ROW EXECUTE FUNCTION review_guard();
"""

UNMET = """
ALTER FUNCTION approvals_gate_unmet(bigint) RENAME TO approvals_gate_unmet_whole;
CREATE FUNCTION approvals_gate_unmet(wanted bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM approvals_breakglass WHERE gate_id = wanted) AND EXISTS (
            SELECT FROM approvals_signoff WHERE gate_id = wanted AND answer = 'go'
            AND withdrawn_at IS NULL AND invalid_reason = ''
        ) AND NOT EXISTS (
            SELECT FROM approvals_signoff WHERE gate_id = wanted AND answer = 'no_go'
            AND withdrawn_at IS NULL AND invalid_reason = ''
        ) THEN NULL
        ELSE approvals_gate_unmet_whole(wanted) END
$$;
"""
WHOLE = """
DROP FUNCTION approvals_gate_unmet(bigint);
ALTER FUNCTION approvals_gate_unmet_whole(bigint) RENAME TO approvals_gate_unmet;
"""

UNDO = "".join(
    f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();"
    for name, table in (
        ("emergency_stop_guard", "approvals_emergencystop"),
        ("break_glass_guard", "approvals_breakglass"),
        ("review_guard", "approvals_review"),
    )
)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0004_signed_acts_kept")]

    operations = [migrations.RunSQL(sql=UNMET + GUARD, reverse_sql=UNDO + WHOLE)]
