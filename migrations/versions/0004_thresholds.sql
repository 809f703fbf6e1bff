-- Limits on what is measured of a flow. Seeded where there is none; from then on they belong to whoever tunes them.
CREATE TABLE threshold (
    flow      text NOT NULL,
    partner   text NOT NULL,
    measure   text NOT NULL,
    hours     text NOT NULL CHECK (hours IN ('always', 'day', 'evening', 'weekend')),
    "limit"   integer CHECK ("limit" >= 0),
    time_zone text NOT NULL,
    actor     text NOT NULL,
    reason    text NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (flow, partner, measure, hours)
);

-- One row per limit that is exceeded just now.
CREATE TABLE breach (
    flow    text NOT NULL,
    partner text NOT NULL,
    measure text NOT NULL,
    since   timestamptz NOT NULL,
    value   bigint NOT NULL,
    "limit" integer NOT NULL,
    PRIMARY KEY (flow, partner, measure)
);

-- What happened within the last minutes is at the end of both tables: a summary per range of pages finds it, and
-- costs an insert next to nothing.
CREATE INDEX hop_at ON hop USING brin (at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX message_received_at ON message USING brin (received_at) WITH (pages_per_range = 32, autosummarize = on);
