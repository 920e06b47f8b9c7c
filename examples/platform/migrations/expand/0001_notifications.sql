CREATE TABLE appointment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clinician text NOT NULL,
    at timestamptz NOT NULL
);
INSERT INTO appointment (clinician, at)
SELECT 'Dr. Amsel', date_trunc('hour', now()) + n * interval '1 hour' FROM generate_series(1, 20) AS n;

CREATE TABLE notification (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint NOT NULL,
    by_fax boolean NOT NULL DEFAULT false,
    sent_at timestamptz
);
CREATE INDEX notification_waiting ON notification (id) WHERE sent_at IS NULL;

-- No unique constraint on purpose: a notification that was sent twice shall be seen, not refused.
CREATE TABLE delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notification_id bigint NOT NULL,
    number bigint NOT NULL,
    slot text NOT NULL,
    region text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
