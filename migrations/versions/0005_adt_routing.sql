-- Where each visit stands by what was passed on of it, judged by the sender's own times.
CREATE TABLE visit (
    visit_key  text PRIMARY KEY,
    state      text NOT NULL,
    moved_at   timestamptz,
    stated_at  timestamptz,
    facility   text NOT NULL,
    class      text NOT NULL,
    unit       text NOT NULL,
    message_id uuid NOT NULL REFERENCES message
);

-- Messages that came before what they stand on (a discharge before its admission). They wait outside of their
-- patient's stream, so that what they wait for can pass.
CREATE TABLE early_message (
    message_id  uuid PRIMARY KEY REFERENCES message,
    visit_key   text NOT NULL,
    stated_at   timestamptz,
    state       text NOT NULL CHECK (state IN ('waiting', 'released', 'overdue')),
    position    bigint GENERATED ALWAYS AS IDENTITY,
    since       timestamptz NOT NULL
);
CREATE INDEX early_message_visit ON early_message (visit_key);

-- Which Patient lives on in which, with the survivor's identifiers as the merge had them.
CREATE TABLE merged_patient (
    retired     text PRIMARY KEY,
    survivor    text NOT NULL,
    identifiers jsonb NOT NULL,
    message_id  uuid NOT NULL REFERENCES message
);
CREATE INDEX merged_patient_survivor ON merged_patient (survivor);

-- The same by the keys of streams: whose records must be looked at before they leave.
CREATE TABLE merged_key (
    patient_key uuid PRIMARY KEY,
    message_id  uuid NOT NULL REFERENCES message
);

-- What a delivery in a coalescing window is about: a newer one about the same takes its place.
ALTER TABLE entry ADD COLUMN coalesces text;
