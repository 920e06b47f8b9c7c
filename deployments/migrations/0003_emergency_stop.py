"""While an emergency stop is in force no run is made or started in its environment, whoever asks.

The guard takes the lock that a stop takes alone (`approvals.stops.START_KEY`), so that a start in the same
instant is either committed before the stop or refused by it. Retire runs may be queued, since a return
queues one; they start when the stop is lifted.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION run_emergency_stop_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE place text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7305808869);
    SELECT name INTO place FROM deployments_environment WHERE id = NEW.environment_id;
    IF EXISTS (SELECT 1 FROM approvals_emergencystop
               WHERE lifted_at IS NULL AND (environment = '' OR environment = place)) THEN
        RAISE EXCEPTION 'an emergency stop is in force: nothing starts in %', place
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER run_made_while_stopped BEFORE INSERT ON deployments_deploymentrun
    FOR EACH ROW WHEN (NEW.state = 'queued' AND NEW.kind = 'deploy')
    EXECUTE FUNCTION run_emergency_stop_guard();
CREATE TRIGGER run_started_while_stopped BEFORE UPDATE OF state ON deployments_deploymentrun
    FOR EACH ROW WHEN (OLD.state = 'queued' AND NEW.state = 'running')
    EXECUTE FUNCTION run_emergency_stop_guard();
"""
UNDO = """
DROP TRIGGER run_made_while_stopped ON deployments_deploymentrun;
DROP TRIGGER run_started_while_stopped ON deployments_deploymentrun;
DROP FUNCTION run_emergency_stop_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("deployments", "0002_proof"), ("approvals", "0005_emergency")]

    operations = [migrations.RunSQL(GUARD, UNDO)]
