"""What was signed is written once: neither changed nor deleted, by whatever account."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("approvals", "0003_guards")]

    operations = [
        migrations.RunSQL(
            sql="CREATE TRIGGER approvals_signedact_kept BEFORE UPDATE OR DELETE ON approvals_signedact "
            "FOR EACH ROW EXECUTE FUNCTION approvals_refuse()",
            reverse_sql="DROP TRIGGER approvals_signedact_kept ON approvals_signedact",
        )
    ]
