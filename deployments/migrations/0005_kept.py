"""What a run was made of stays as it was queued, and no run is deleted, whoever writes: a shell, the admin.

TRUNCATE passes the triggers of rows by, so it has one of its own; a database whose name begins with `test_` may
be emptied.

The engine acts by content and plan, and a seal was signed over both. Before production a plan that was made
while something else served is made again as long as the run waits (`deployments.services.turn`).
"""

from django.db import migrations

FROZEN = ("environment_id", "kind", "subject", "stream", "release_kind", "slot", "content", "content_hash", "seal",
          "needs_proof", "proved_by_id", "retires_id", "emergency", "started_by")  # fmt: skip

FORWARD = f"""
CREATE FUNCTION deployments_run_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a deployment is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF ({", ".join(f"NEW.{name}" for name in FROZEN)}) IS DISTINCT FROM ({", ".join(f"OLD.{name}" for name in FROZEN)})
        OR (NEW.plan IS DISTINCT FROM OLD.plan AND (OLD.needs_proof OR OLD.state <> 'queued')) THEN
        RAISE EXCEPTION 'what deployment % was queued with is never changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER deployments_run_kept AFTER DELETE OR UPDATE OF {", ".join(FROZEN)}, plan
    ON deployments_deploymentrun FOR EACH ROW EXECUTE FUNCTION deployments_run_kept();
CREATE TRIGGER deployments_run_never_emptied BEFORE TRUNCATE ON deployments_deploymentrun
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();
"""
BACKWARD = """
DROP TRIGGER deployments_run_never_emptied ON deployments_deploymentrun;
DROP TRIGGER deployments_run_kept ON deployments_deploymentrun;
DROP FUNCTION deployments_run_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("deployments", "0004_progress_by_day"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
