"""The record is partitioned by month, chained and append-only in the database itself.

Every insert, whoever makes it, takes the next position of its stream and is chained to the one before:
the update of the head's row is the lock. Update, delete and truncate are refused, also to the owner of
the table; a database whose name begins with `test_` may be emptied. A partition is dropped by the role
`hmhp_retention` alone, which owns it. Where the account that migrates may not make roles or event
triggers, a notice says so, and docs/audit.md says what to do by hand.
"""

from django.db import migrations

PARTITIONED = """
ALTER TABLE events_event RENAME TO events_event_plain;
CREATE SEQUENCE events_event_number AS bigint;
CREATE TABLE events_event (LIKE events_event_plain INCLUDING CONSTRAINTS) PARTITION BY RANGE (at);
DROP TABLE events_event_plain;
ALTER TABLE events_event ALTER COLUMN id SET DEFAULT nextval('events_event_number');
ALTER SEQUENCE events_event_number OWNED BY events_event.id;
ALTER TABLE events_event ADD CONSTRAINT events_event_pkey PRIMARY KEY (id, at);
ALTER TABLE events_event ADD CONSTRAINT event_once UNIQUE (stream, seq, at);
CREATE INDEX event_by_time ON events_event (at, id);
CREATE INDEX event_by_kind ON events_event (kind, at);
CREATE INDEX event_by_actor ON events_event (actor, at);
ALTER TABLE events_stream_head SET (fillfactor = 50);
"""

CHAINED = """
CREATE FUNCTION events_event_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    opening text := '{"actor":' || to_json(NEW.actor::text)::text
        || ',"after":' || coalesce(NEW.after::text, 'null')
        || ',"at":"' || to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","before":' || coalesce(NEW.before::text, 'null')
        || ',"data":' || NEW.data::text
        || ',"kind":' || to_json(NEW.kind::text)::text || ',"previous_hash":"';
    middle text := '","reason":' || to_json(NEW.reason)::text || ',"seq":';
    ending text := ',"stream":' || to_json(NEW.stream::text)::text || '}';
BEGIN
    FOR attempt IN 1..2 LOOP
        UPDATE events_stream_head SET
            previous_hash = hash,
            seq = seq + 1,
            hash = encode(sha256(convert_to(opening || hash || middle || seq + 1 || ending, 'UTF8')), 'hex')
        WHERE stream = NEW.stream
        RETURNING seq, previous_hash, hash INTO NEW.seq, NEW.previous_hash, NEW.hash;
        EXIT WHEN FOUND;
        INSERT INTO events_stream_head (stream, seq, hash, previous_hash)
        VALUES (NEW.stream, 0, repeat('0', 64), repeat('0', 64)) ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER events_event_chained BEFORE INSERT ON events_event
    FOR EACH ROW EXECUTE FUNCTION events_event_chain();
"""

REFUSED = """
CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND starts_with(current_database(), 'test_') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER events_event_append_only BEFORE UPDATE OR DELETE ON events_event
    FOR EACH ROW EXECUTE FUNCTION events_refuse();
CREATE TRIGGER events_event_never_emptied BEFORE TRUNCATE ON events_event
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();
CREATE TRIGGER events_stream_head_never_emptied BEFORE TRUNCATE ON events_stream_head
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();
"""

RETENTION_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'hmhp_retention') THEN
        CREATE ROLE hmhp_retention NOLOGIN;
    END IF;
    GRANT hmhp_retention TO CURRENT_USER;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'this account may not make the role hmhp_retention; see docs/audit.md';
END $$;
"""

PARTITIONS = """
CREATE FUNCTION events_make_partition(month date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    name text := 'events_event_' || to_char(first, '"y"YYYY"m"MM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF events_event FOR VALUES FROM (%L) TO (%L)', name,
        first || ' 00:00+00', (first + interval '1 month')::date || ' 00:00+00');
    PERFORM events_guard_partition(name);
    RETURN name;
EXCEPTION WHEN check_violation THEN
    RETURN NULL;  -- the default partition holds events of that month already, and keeps them
END $$;
CREATE FUNCTION events_guard_partition(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER events_event_never_emptied BEFORE TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION events_refuse()', name);
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'hmhp_retention') THEN
        EXECUTE format('GRANT SELECT ON %I TO %I', name, current_user);
        EXECUTE format('ALTER TABLE %I OWNER TO hmhp_retention', name);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE '% stays with its maker; see docs/audit.md', name;
END $$;
CREATE TABLE events_event_elsewhen PARTITION OF events_event DEFAULT;
SELECT events_guard_partition('events_event_elsewhen');
SELECT events_make_partition((now() + make_interval(months => offset_))::date)
    FROM generate_series(-4, 3) AS offset_;
"""

KEPT = """
CREATE FUNCTION events_keep_partitions() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'hmhp_retention' AND EXISTS (
        SELECT 1 FROM pg_event_trigger_dropped_objects()
        WHERE object_type = 'table' AND starts_with(object_name, 'events_event')
    ) THEN
        RAISE EXCEPTION 'events are dropped by the role hmhp_retention alone, month by month'
            USING ERRCODE = 'restrict_violation';
    END IF;
END $$;
DO $$
BEGIN
    CREATE EVENT TRIGGER events_kept ON sql_drop EXECUTE FUNCTION events_keep_partitions();
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'only a superuser makes event triggers; see docs/audit.md';
END $$;
"""

BACKWARD = """
DROP EVENT TRIGGER IF EXISTS events_kept;
DROP FUNCTION events_keep_partitions;
DROP TRIGGER events_stream_head_never_emptied ON events_stream_head;
CREATE TABLE events_event_plain (LIKE events_event INCLUDING CONSTRAINTS INCLUDING INDEXES);
INSERT INTO events_event_plain SELECT * FROM events_event;
DROP TABLE events_event;
ALTER TABLE events_event_plain RENAME TO events_event;
ALTER TABLE events_event ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;
DROP FUNCTION events_guard_partition;
DROP FUNCTION events_make_partition;
DROP FUNCTION events_refuse;
DROP FUNCTION events_event_chain;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [
        migrations.RunSQL(PARTITIONED + CHAINED + REFUSED, BACKWARD),
        migrations.RunSQL(RETENTION_ROLE, migrations.RunSQL.noop),
        migrations.RunSQL(PARTITIONS + KEPT, migrations.RunSQL.noop),
    ]
