"""What Django's constraints cannot say: a run's proof ran the very same content.

(proved_by, content_hash) refers to (id, content_hash): production starts only what the
environment before it ran, content hash for content hash.
"""

from django.db import migrations

PROOF = """
ALTER TABLE deployments_deploymentrun
    ADD CONSTRAINT run_id_with_content UNIQUE (id, content_hash);
ALTER TABLE deployments_deploymentrun
    ADD CONSTRAINT run_proved_by_same_content
    FOREIGN KEY (proved_by_id, content_hash)
    REFERENCES deployments_deploymentrun (id, content_hash);
"""
UNDO = """
ALTER TABLE deployments_deploymentrun DROP CONSTRAINT run_proved_by_same_content;
ALTER TABLE deployments_deploymentrun DROP CONSTRAINT run_id_with_content;
"""


class Migration(migrations.Migration):
    """The composite key and the reference to it."""

    dependencies = [("deployments", "0001_initial")]
    operations = [migrations.RunSQL(PROOF, UNDO)]
