"""The record is append-only in the database too: no row of it is changed or deleted.

TRUNCATE is left to the owner of the table, which empties a test database.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION events_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events_event is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER events_event_append_only BEFORE UPDATE OR DELETE ON events_event
    FOR EACH ROW EXECUTE FUNCTION events_event_refuse();
"""
BACKWARD = """
DROP TRIGGER events_event_append_only ON events_event;
DROP FUNCTION events_event_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
