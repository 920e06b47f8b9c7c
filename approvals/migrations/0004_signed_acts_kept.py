"""What was signed is written once: neither changed nor deleted, by whatever account; and nothing is emptied.

TRUNCATE passes the triggers of rows by, so it has one of its own; a database whose name begins with `test_` may
be emptied.
"""

from django.db import migrations

TABLES = (
    "approvals_gate",
    "approvals_requirement",
    "approvals_signoff",
    "approvals_decision",
    "approvals_signedact",
    "approvals_policyversion",
    "approvals_policyproposal",
    "approvals_exceptionuse",
    "approvals_emergencystop",
    "approvals_breakglass",
    "approvals_review",
)
NEVER_EMPTIED = "".join(
    f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();"
    for table in TABLES
)
MAY_BE_EMPTIED = "".join(f"DROP TRIGGER {table}_never_emptied ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0003_guards"), ("events", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            sql="CREATE TRIGGER approvals_signedact_kept BEFORE UPDATE OR DELETE ON approvals_signedact "
            "FOR EACH ROW EXECUTE FUNCTION approvals_refuse()",
            reverse_sql="DROP TRIGGER approvals_signedact_kept ON approvals_signedact",
        ),
        migrations.RunSQL(sql=NEVER_EMPTIED, reverse_sql=MAY_BE_EMPTIED),
    ]
