-- A corrected copy of a quarantined message, and the message that it takes the place of.
ALTER TABLE message ADD COLUMN corrects uuid REFERENCES message;
ALTER TABLE quarantine DROP CONSTRAINT quarantine_disposition_check;
ALTER TABLE quarantine ADD CONSTRAINT quarantine_disposition_check
    CHECK (disposition IN ('released', 'discarded', 'corrected'));

-- What is to be sent again, or fed to a new subscriber: a query, then a frozen list, an approval, a run.
CREATE TABLE replay_plan (
    plan_id         uuid PRIMARY KEY,
    kind            text NOT NULL CHECK (kind IN ('replay', 'feed')),
    query           jsonb NOT NULL,
    rate            double precision NOT NULL CHECK (rate > 0),
    state           text NOT NULL CHECK (state IN ('requested', 'forecasting', 'ready', 'approved', 'running', 'done', 'cancelled')),
    requested_at    timestamptz NOT NULL,
    requested_by    text NOT NULL,
    reason          text NOT NULL,
    approved_at     timestamptz,
    approved_by     text,
    approval_reason text,
    started_at      timestamptz,
    next_at         timestamptz,
    ended_at        timestamptz,
    problem         text
);
CREATE INDEX replay_plan_open ON replay_plan (requested_at) WHERE state IN ('requested', 'forecasting', 'running');

-- One delivery of a plan. `original` is the delivery that it repeats; a feed repeats none. `effect` is the forecast;
-- `delivery_id` is there once it is owed.
CREATE TABLE replay_item (
    plan_id     uuid NOT NULL REFERENCES replay_plan,
    position    integer NOT NULL,
    message_id  uuid NOT NULL REFERENCES message,
    destination text NOT NULL,
    original    uuid REFERENCES delivery,
    effect      text CHECK (effect IN ('create', 'update', 'no-change', 'withheld', 'overtaken', 'refused', 'planned-elsewhere')),
    code        text,
    location    text,
    differences jsonb,
    more        integer NOT NULL DEFAULT 0,
    mapping     text,
    delivery_id uuid REFERENCES delivery,
    PRIMARY KEY (plan_id, position),
    UNIQUE (plan_id, message_id, destination)
);
CREATE INDEX replay_item_message ON replay_item (message_id, destination);
CREATE INDEX replay_item_unforecast ON replay_item (plan_id, position) WHERE effect IS NULL;
CREATE INDEX replay_item_to_send ON replay_item (plan_id, position) WHERE delivery_id IS NULL;

-- The record that a plan sends for a message where it is not the one that is kept in `conversion`.
CREATE TABLE replay_bundle (
    plan_id     uuid NOT NULL REFERENCES replay_plan,
    message_id  uuid NOT NULL REFERENCES message,
    mapping     text NOT NULL,
    bundle      bytea NOT NULL,
    bundle_hash bytea NOT NULL,
    PRIMARY KEY (plan_id, message_id)
);

ALTER TABLE delivery ADD COLUMN replay_plan uuid REFERENCES replay_plan;

-- What a patient was sent after a message, and what came in a span of time: replays ask, the hot path does not.
CREATE INDEX message_patient ON message (patient_key, received_at) WHERE patient_key IS NOT NULL;
