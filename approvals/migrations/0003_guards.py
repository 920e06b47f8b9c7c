"""What holds of gates and answers whoever writes: services, the admin, a shell.

Gates: nothing that was asked is changed, an end is never left, and a gate is satisfied only while its
requirements are met by standing signatures. Answers: given to a live gate by nobody who is barred, by one
person in one role of a subject, and then only withdrawn, found invalid or revoked, once. Nothing of it is
deleted. Policy versions and uses of exceptions are written once; a version after the first needs its
satisfied gate. TRUNCATE is left to the owner of the tables, which empties a test database.
"""

from django.db import migrations

REFUSE = """
CREATE FUNCTION approvals_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: this is kept as it was written', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER approvals_gate_kept BEFORE DELETE ON approvals_gate
    FOR EACH ROW EXECUTE FUNCTION approvals_refuse();
CREATE TRIGGER approvals_signoff_kept BEFORE DELETE ON approvals_signoff
    FOR EACH ROW EXECUTE FUNCTION approvals_refuse();
CREATE TRIGGER approvals_decision_kept BEFORE DELETE ON approvals_decision
    FOR EACH ROW EXECUTE FUNCTION approvals_refuse();
CREATE TRIGGER approvals_policyproposal_kept BEFORE DELETE ON approvals_policyproposal
    FOR EACH ROW EXECUTE FUNCTION approvals_refuse();
CREATE TRIGGER approvals_requirement_kept BEFORE UPDATE OR DELETE ON approvals_requirement
    FOR EACH ROW EXECUTE FUNCTION approvals_refuse();
CREATE TRIGGER approvals_policyversion_kept BEFORE UPDATE OR DELETE ON approvals_policyversion
    FOR EACH ROW EXECUTE FUNCTION approvals_refuse();
CREATE TRIGGER approvals_exceptionuse_kept BEFORE UPDATE OR DELETE ON approvals_exceptionuse
    FOR EACH ROW EXECUTE FUNCTION approvals_refuse();
"""

ONCE = """
CREATE FUNCTION approvals_only_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text;
BEGIN
    FOR changed IN
        SELECT after.key FROM jsonb_each(to_jsonb(NEW)) AS after
        JOIN jsonb_each(to_jsonb(OLD)) AS before USING (key) WHERE after.value <> before.value
    LOOP
        IF NOT changed = ANY (TG_ARGV) THEN
            RAISE EXCEPTION '%.% is never changed', TG_TABLE_NAME, changed
                USING ERRCODE = 'restrict_violation';
        ELSIF coalesce(to_jsonb(OLD) ->> changed, '') <> '' THEN
            RAISE EXCEPTION '%.% is written once', TG_TABLE_NAME, changed
                USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_signoff_once BEFORE UPDATE ON approvals_signoff FOR EACH ROW
    EXECUTE FUNCTION approvals_only_once('withdrawn_at', 'withdrawn_reason', 'invalid_reason');
CREATE TRIGGER approvals_decision_once BEFORE UPDATE ON approvals_decision FOR EACH ROW
    EXECUTE FUNCTION approvals_only_once('revoked_at', 'revoked_reason');
"""

GATE = """
CREATE FUNCTION approvals_gate_unmet(wanted bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM approvals_requirement WHERE gate_id = wanted) THEN 'it asks nobody'
        WHEN EXISTS (
            SELECT FROM approvals_signoff WHERE gate_id = wanted AND answer = 'no_go'
            AND withdrawn_at IS NULL AND invalid_reason = ''
        ) THEN 'a no-go stands'
        ELSE (
            SELECT 'the ' || r.role || ' is missing' FROM approvals_requirement r
            WHERE r.gate_id = wanted AND r.count > (
                SELECT count(*) FROM approvals_signoff s WHERE s.gate_id = wanted AND s.role = r.role
                AND s.answer = 'go' AND s.withdrawn_at IS NULL AND s.invalid_reason = ''
            ) LIMIT 1
        ) END
$$;
CREATE FUNCTION approvals_gate_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['state', 'barred', 'expires_at', 'closed_at', 'closing_reason', 'stuck_reason',
                         'reminders', 'reminded_at'];
    unmet text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' THEN
            RAISE EXCEPTION 'a gate begins open' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free THEN
        RAISE EXCEPTION 'what a gate asks is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state NOT IN ('open', 'satisfied') AND (NEW.state, NEW.closed_at, NEW.closing_reason)
        IS DISTINCT FROM (OLD.state, OLD.closed_at, OLD.closing_reason) THEN
        RAISE EXCEPTION 'the end of a gate is never left' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'satisfied' AND OLD.state <> 'satisfied' THEN
        unmet := approvals_gate_unmet(NEW.id);
        IF unmet IS NOT NULL THEN
            RAISE EXCEPTION 'gate % is not satisfied: %', NEW.id, unmet USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_gate_guard BEFORE INSERT OR UPDATE ON approvals_gate
    FOR EACH ROW EXECUTE FUNCTION approvals_gate_guard();

CREATE FUNCTION approvals_requirement_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT state FROM approvals_gate WHERE id = NEW.gate_id) <> 'open'
        OR EXISTS (SELECT FROM approvals_signoff WHERE gate_id = NEW.gate_id) THEN
        RAISE EXCEPTION 'a gate is asked whole, before anybody answers' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_requirement_guard BEFORE INSERT ON approvals_requirement
    FOR EACH ROW EXECUTE FUNCTION approvals_requirement_guard();
"""

ANSWER = """
CREATE FUNCTION approvals_signoff_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked approvals_gate%ROWTYPE;
    who text;
BEGIN
    SELECT * INTO asked FROM approvals_gate WHERE id = NEW.gate_id FOR UPDATE;
    IF asked.state NOT IN ('open', 'satisfied') THEN
        RAISE EXCEPTION 'gate % is %: it takes no answer', asked.id, asked.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.withdrawn_at IS NOT NULL OR NEW.invalid_reason <> '' THEN
        RAISE EXCEPTION 'an answer begins standing' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT 'person:' || public_id INTO who FROM accounts_user WHERE id = NEW.person_id;
    IF asked.barred ? who AND NOT coalesce(asked.rule -> 'exceptions' ? 'author_signs', false) THEN
        RAISE EXCEPTION '% may not sign gate %: %', who, asked.id, asked.barred ->> who
            USING ERRCODE = 'restrict_violation';
    END IF;
    -- one person, one role, one subject: also at two of its gates in the same instant
    PERFORM pg_advisory_xact_lock(hashtextextended(asked.stream || '/' || NEW.person_id, 0));
    IF NOT coalesce(asked.rule -> 'exceptions' ? 'one_person_two_roles', false) AND EXISTS (
        SELECT FROM approvals_signoff s JOIN approvals_gate g ON g.id = s.gate_id
        WHERE g.stream = asked.stream AND g.state IN ('open', 'satisfied') AND s.person_id = NEW.person_id
        AND s.role <> NEW.role AND s.withdrawn_at IS NULL AND s.invalid_reason = ''
    ) THEN
        RAISE EXCEPTION '% has signed % in another role', who, asked.stream
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_signoff_guard BEFORE INSERT ON approvals_signoff
    FOR EACH ROW EXECUTE FUNCTION approvals_signoff_guard();

CREATE FUNCTION approvals_still_met() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unmet text := approvals_gate_unmet(NEW.gate_id);
BEGIN
    IF unmet IS NOT NULL AND (SELECT state FROM approvals_gate WHERE id = NEW.gate_id) = 'satisfied' THEN
        RAISE EXCEPTION 'gate % stays satisfied although %', NEW.gate_id, unmet
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER approvals_still_met AFTER INSERT OR UPDATE ON approvals_signoff
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION approvals_still_met();
"""

POLICY = """
ALTER TABLE approvals_gate ADD CONSTRAINT gate_policy_version FOREIGN KEY (policy_version)
    REFERENCES approvals_policyversion (number) DEFERRABLE INITIALLY DEFERRED;
CREATE FUNCTION approvals_policy_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked approvals_gate%ROWTYPE;
BEGIN
    IF NEW.number = 1 THEN
        RETURN NEW;
    END IF;
    SELECT * INTO asked FROM approvals_gate WHERE id = NEW.gate_id FOR SHARE;
    IF asked.kind <> 'policy' OR asked.state <> 'satisfied' OR asked.seal <> NEW.digest
        OR asked.policy_version <> NEW.number - 1 THEN
        RAISE EXCEPTION 'version % of the policy was not signed under the version before it', NEW.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_policy_guard BEFORE INSERT ON approvals_policyversion
    FOR EACH ROW EXECUTE FUNCTION approvals_policy_guard();

CREATE FUNCTION approvals_proposal_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['state', 'closed_at', 'closing_reason'];
BEGIN
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR OLD.state <> 'pending' THEN
        RAISE EXCEPTION 'what is proposed is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_proposal_guard BEFORE UPDATE ON approvals_policyproposal
    FOR EACH ROW EXECUTE FUNCTION approvals_proposal_guard();
"""

BACKWARD = """
ALTER TABLE approvals_gate DROP CONSTRAINT gate_policy_version;
DROP FUNCTION approvals_proposal_guard() CASCADE;
DROP FUNCTION approvals_policy_guard() CASCADE;
DROP FUNCTION approvals_still_met() CASCADE;
DROP FUNCTION approvals_signoff_guard() CASCADE;
DROP FUNCTION approvals_requirement_guard() CASCADE;
DROP FUNCTION approvals_gate_guard() CASCADE;
DROP FUNCTION approvals_gate_unmet(bigint) CASCADE;
DROP FUNCTION approvals_only_once() CASCADE;
DROP FUNCTION approvals_refuse() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0002_one_seal"), ("accounts", "0001_initial")]
    operations = [migrations.RunSQL("".join((REFUSE, ONCE, GATE, ANSWER, POLICY)), BACKWARD)]
