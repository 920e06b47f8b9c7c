"""What Django's constraints cannot say: an answer belongs to its gate's seal and to an asked role."""

from django.db import migrations

REFERENCES = (
    ("approvals_signoff", "signoff_gate_seal", "(gate_id, seal)", "approvals_gate (id, seal)"),
    ("approvals_decision", "decision_gate_seal", "(gate_id, seal)", "approvals_gate (id, seal)"),
    ("approvals_signoff", "signoff_asked_role", "(gate_id, role)", "approvals_requirement (gate_id, role)"),
)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY {columns} REFERENCES {target}",
            reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        )
        for table, name, columns, target in REFERENCES
    ]
