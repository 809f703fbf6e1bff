-- Messages: one row for everything a partner posted and we could attribute (book 1 of invariant 4).
CREATE TABLE message (
    message_id         uuid PRIMARY KEY,
    partner            text NOT NULL,
    control_id         text NOT NULL,
    payload_hash       bytea NOT NULL,
    payload_size       integer NOT NULL,
    media_type         text NOT NULL,
    message_code       text NOT NULL,
    trigger_event      text NOT NULL,
    structure          text NOT NULL,
    hl7_version        text NOT NULL,
    processing_id      text NOT NULL,
    flow               text,
    received_at        timestamptz NOT NULL,
    status             text NOT NULL CHECK (status IN ('received', 'processed', 'duplicate', 'rejected', 'quarantined', 'discarded')),
    status_code        text,
    status_location    text,
    status_at          timestamptz NOT NULL,
    duplicate_of       uuid REFERENCES message,
    control_id_reused  boolean NOT NULL DEFAULT false,
    acknowledgment     bytea,
    acknowledgment_code text,
    patient_key        uuid,
    traceparent        text NOT NULL
);
CREATE INDEX message_control_id ON message (control_id, partner);
CREATE INDEX message_trace_id ON message (split_part(traceparent, '-', 2));
CREATE INDEX message_open ON message (status) WHERE status IN ('received', 'quarantined');

-- Inbound duplicates are recognised here, and nowhere else (invariant 2).
CREATE TABLE inbox (
    partner      text NOT NULL,
    control_id   text NOT NULL,
    payload_hash bytea NOT NULL,
    message_id   uuid NOT NULL REFERENCES message DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (partner, control_id, payload_hash)
);

CREATE TABLE patient_alias (
    authority   text NOT NULL,
    identifier  text NOT NULL,
    patient_key uuid NOT NULL,
    first_seen  timestamptz NOT NULL,
    PRIMARY KEY (authority, identifier)
);
CREATE INDEX patient_alias_key ON patient_alias (patient_key);

-- A stream is (key, lane): what must happen in order. Its row is the lock, the lease and the fence.
CREATE TABLE stream (
    stream_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane        text NOT NULL,
    key         uuid NOT NULL,
    keep        boolean NOT NULL,
    next_seq    bigint NOT NULL DEFAULT 1,
    fence       bigint NOT NULL DEFAULT 0,
    takeovers   integer NOT NULL DEFAULT 0,
    lease_owner text,
    lease_until timestamptz,
    hinted_at   timestamptz,
    UNIQUE (lane, key)
);

CREATE TABLE entry (
    stream_id   bigint NOT NULL REFERENCES stream ON DELETE CASCADE,
    seq         bigint NOT NULL,
    function    text NOT NULL,
    message_id  uuid NOT NULL,
    delivery_id uuid,
    traceparent text NOT NULL,
    status      text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'parked')),
    attempts    integer NOT NULL DEFAULT 0,
    due_at      timestamptz NOT NULL,
    entered_at  timestamptz NOT NULL,
    first_failed_at timestamptz,
    code        text,
    PRIMARY KEY (stream_id, seq)
);
CREATE INDEX entry_due ON entry (due_at) WHERE status = 'waiting';
CREATE INDEX entry_message ON entry (message_id);

CREATE TABLE conversion (
    message_id  uuid PRIMARY KEY REFERENCES message,
    mapping     text NOT NULL,
    bundle      bytea NOT NULL,
    bundle_hash bytea NOT NULL,
    coverage    jsonb NOT NULL,
    issues      jsonb NOT NULL,
    converted_at timestamptz NOT NULL
);

CREATE TABLE event (
    event_id     uuid PRIMARY KEY,
    type         text NOT NULL,
    version      integer NOT NULL,
    message_id   uuid NOT NULL REFERENCES message,
    patient_key  uuid,
    occurred_at  timestamptz,
    recorded_at  timestamptz NOT NULL,
    data         jsonb NOT NULL,
    published_at timestamptz
);
CREATE INDEX event_unpublished ON event (recorded_at) WHERE published_at IS NULL;
CREATE INDEX event_message ON event (message_id);

-- The newest state of each report that was passed on: what an older one must not overtake.
CREATE TABLE report_state (
    patient_key uuid NOT NULL,
    report_key  text NOT NULL,
    rank        integer NOT NULL,
    stated_at   timestamptz,
    message_id  uuid NOT NULL REFERENCES message,
    PRIMARY KEY (patient_key, report_key)
);

CREATE TABLE delivery (
    delivery_id       uuid PRIMARY KEY,
    message_id        uuid NOT NULL REFERENCES message,
    destination       text NOT NULL,
    status            text NOT NULL CHECK (status IN ('due', 'delivered', 'superseded', 'withheld', 'cancelled', 'quarantined')),
    status_code       text,
    status_at         timestamptz NOT NULL,
    due_since         timestamptz NOT NULL,
    attempts          integer NOT NULL DEFAULT 0,
    attempt_open      boolean NOT NULL DEFAULT false,
    possibly_repeated boolean NOT NULL DEFAULT false,
    sent_hash         bytea,
    receipt           text,
    replay_of         uuid REFERENCES delivery
);
CREATE INDEX delivery_message ON delivery (message_id);
CREATE INDEX delivery_open ON delivery (destination, status) WHERE status IN ('due', 'quarantined');

CREATE TABLE quarantine (
    quarantine_id uuid PRIMARY KEY,
    message_id    uuid NOT NULL REFERENCES message,
    delivery_id   uuid REFERENCES delivery,
    stream_id     bigint,
    function      text NOT NULL,
    code          text NOT NULL,
    location      text NOT NULL,
    explanation   text NOT NULL,
    entered_at    timestamptz NOT NULL,
    disposition   text CHECK (disposition IN ('released', 'discarded')),
    decided_at    timestamptz,
    decided_by    text,
    reason        text
);
CREATE INDEX quarantine_open ON quarantine (entered_at) WHERE disposition IS NULL;

CREATE TABLE consent (
    patient_key uuid NOT NULL,
    destination text NOT NULL,
    decision    text NOT NULL CHECK (decision IN ('permit', 'deny')),
    reason      text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (patient_key, destination)
);

CREATE TABLE task (
    task_id     uuid PRIMARY KEY,
    kind        text NOT NULL,
    dedupe_key  text NOT NULL UNIQUE,
    flow        text NOT NULL,
    state       text NOT NULL,
    owner_queue text NOT NULL,
    message_id  uuid NOT NULL REFERENCES message,
    patient_key uuid,
    explanation jsonb NOT NULL,
    opened_at   timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    escalation  integer NOT NULL DEFAULT 0
);
CREATE INDEX task_due ON task (due_at) WHERE state NOT IN ('completed', 'cancelled');
CREATE INDEX task_message ON task (message_id);

CREATE TABLE task_transition (
    task_id    uuid NOT NULL REFERENCES task,
    seq        integer NOT NULL,
    from_state text,
    to_state   text NOT NULL,
    actor      text NOT NULL,
    at         timestamptz NOT NULL,
    reason     text NOT NULL,
    PRIMARY KEY (task_id, seq)
);

-- Lineage (requirement H03): one row for each hop of each message, never changed.
CREATE TABLE hop (
    hop_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id     uuid NOT NULL,
    delivery_id    uuid,
    function       text NOT NULL,
    source         text NOT NULL,
    target         text NOT NULL,
    at             timestamptz NOT NULL,
    actor          text NOT NULL,
    outcome        text NOT NULL,
    code           text,
    location       text,
    schema_version text,
    mapping        text,
    payload_hash   bytea,
    attempt        integer NOT NULL,
    traceparent    text NOT NULL,
    parent_span    text
);
CREATE INDEX hop_message ON hop (message_id);

-- Who did what, when, why (invariant 11). Rows are only ever inserted; a sealer chains them later.
CREATE TABLE audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    actor    text NOT NULL,
    action   text NOT NULL,
    subject  text NOT NULL,
    reason   text NOT NULL,
    details  jsonb NOT NULL
);
CREATE INDEX audit_subject ON audit (subject);

CREATE TABLE job_lease (
    name        text PRIMARY KEY,
    lease_owner text NOT NULL,
    lease_until timestamptz NOT NULL
);
