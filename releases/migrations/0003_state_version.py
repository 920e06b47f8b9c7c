"""What a release and its readiness rest on, as one short text that differs as soon as any of it does.

`releases_state(version, now, whole)` names every row that they read by its place and the transaction that wrote
it (ctid and xmin): a changed, new or missing row gives another text. Rows that every look of a run writes are
named by what the answers read of them, or a run under way would make all answers new each second; the sentence
of a release's own run is in it for the `whole` release alone, readiness never says it. Of what time alone
decides, deputies and the expiry of gates are in it; whoever keeps an answer knows the rest (`Readiness.until`,
the release's window). NULL where there is no such release.
"""

from django.db import migrations

ROWS = {
    "releases_release": (
        "x.id IN (r.id, r.follows_id) OR x.follows_id = r.id OR (x.content_hash = r.content_hash AND x.state = 'rolled_back')"
    ),
    "releases_author": "x.release_id = r.id",
    "releases_releaseitem": "x.release_id = r.id",
    "releases_itemresult": "x.item_id = ANY(ARRAY(SELECT i.id FROM releases_releaseitem i WHERE i.release_id = r.id))",
    "releases_manualfact": "x.release_id = r.id",
    "releases_watching": "x.release_id = r.id",
    "releases_freezeoverride": "x.release_id = r.id",
    "releases_lessons": "x.release_id = r.id",
    "releases_freeze": "x.removed_at IS NULL",
    "releases_component": "TRUE",
    "releases_factdefinition": "TRUE",
    "approvals_gate": "x.id = ANY(gates)",
    "approvals_requirement": "x.gate_id = ANY(gates)",
    "approvals_signoff": "x.gate_id = ANY(gates)",
    "approvals_decision": "x.gate_id = ANY(gates)",
    "approvals_breakglass": "x.gate_id = ANY(gates)",
    "approvals_review": "x.gate_id = ANY(gates)",
    "approvals_emergencystop": "x.lifted_at IS NULL",
    "approvals_policyproposal": "x.state = 'pending'",
    "approvals_policyversion": "x.number = (SELECT max(v.number) FROM approvals_policyversion v)",
    "deployments_region": "TRUE",
    "deployments_target": "TRUE",
    "deployments_environmentlock": "x.lifted_at IS NULL",
    "accounts_user": "TRUE",
    "accounts_role_holding": "x.until IS NULL",
    "accounts_deputy": "x.ended_at IS NULL",
    "accounts_source_login": "TRUE",
}
COLUMNS = {
    "accounts_api_token": ("x.public_id::text || x.name", "TRUE"),
    "deployments_environment": ("(to_jsonb(x) - 'fence')::text", "TRUE"),
    "deployments_targetview": (
        "concat_ws(' ', x.target_id, x.reachable, x.weights, x.slots, x.mark)",
        "TRUE",
    ),
    "deployments_deploymentrun": (
        "concat_ws(' ', x.id, x.environment_id, x.kind, x.subject, x.slot, x.content_hash, x.state, x.ended_at, "
        "x.closed_at, CASE WHEN whole AND x.id IN (r.staging_run_id, r.production_run_id) THEN x.sentence END)",
        "x.id IN (r.base_run_id, r.staging_run_id, r.production_run_id) "
        "OR x.id = ANY(ARRAY(SELECT e.serving_id FROM deployments_environment e)) "
        "OR x.state IN ('queued', 'running', 'paused', 'rolling_back') "
        "OR (x.state = 'succeeded' AND x.closed_at IS NULL)",
    ),
}
"""Rows that are written while nothing of an answer changes (a token is used, a run is looked at), by what answers
read of them. Content and plan of a run never change (deployments/migrations/0002)."""
TIMES = {
    "approvals_gate": ("x.expires_at <= the_now", "x.id = ANY(gates)"),
    "accounts_deputy": ("x.since <= the_now AND x.until > the_now", "x.ended_at IS NULL"),
}


def _named(table: str, which: str, what: str = "x.ctid::text || x.xmin::text") -> str:
    return f"(SELECT string_agg({what}, ' ' ORDER BY x.id) FROM {table} x WHERE {which})"


PARTS = [_named(table, which) for table, which in ROWS.items()]
PARTS += [_named(table, which, what) for table, (what, which) in COLUMNS.items()]
PARTS += ["(SELECT h.seq::text FROM events_stream_head h WHERE h.stream = 'release/' || r.version)"]
PARTS += [_named(table, which, f"coalesce({what}, FALSE)::text") for table, (what, which) in TIMES.items()]
FORWARD = f"""
CREATE FUNCTION releases_state(the_version text, the_now timestamptz, whole boolean) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    r releases_release%ROWTYPE;
    gates bigint[];
BEGIN
    SELECT * INTO r FROM releases_release WHERE version = the_version;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- its own, those of every review that is owed, and beside them in their streams: who signed there signs here
    -- in no other role
    gates := ARRAY(SELECT g.id FROM approvals_gate g WHERE g.state IN ('open', 'satisfied', 'rejected')
                   AND g.stream IN (SELECT 'release/' || r.version UNION SELECT o.stream FROM approvals_review v
                       JOIN approvals_gate o ON o.id = v.gate_id
                       WHERE o.state = 'open' OR (o.state = 'rejected' AND v.follow_up = ''))) || r.gate_id;
    RETURN md5(concat_ws('|', {", ".join(f"coalesce({part}, '-')" for part in PARTS)}));
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("releases", "0002_append_only"), ("deployments", "0003_emergency_stop"), ("approvals", "0005_emergency")]
    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION releases_state(text, timestamptz, boolean);")]
