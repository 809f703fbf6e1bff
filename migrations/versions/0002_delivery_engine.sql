-- Lock a stream's row for this commit, or refuse the whole commit when its fence has moved. A function, so that
-- the refusal needs no answer to be waited for: what is sent after it in the same commit is void as well.
CREATE FUNCTION hold_stream(wanted bigint, held_fence bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM stream WHERE stream_id = wanted AND fence = held_fence FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lease on stream % was lost', wanted USING ERRCODE = 'CF001';
    END IF;
END $$;

-- A held entry waits for a gate (a destination's or a flow's) and is woken by it; a fence entry stands at the end
-- of a stream that a merge has ended, and goes with the merge's own entry.
ALTER TABLE entry DROP CONSTRAINT entry_status_check;
ALTER TABLE entry ADD CONSTRAINT entry_status_check CHECK (status IN ('waiting', 'parked', 'held', 'fence'));
ALTER TABLE entry ADD COLUMN waits_for text;
ALTER TABLE entry ADD COLUMN parked_at timestamptz;
ALTER TABLE entry ADD COLUMN merge_stream bigint;
ALTER TABLE entry ADD COLUMN merge_seq bigint;
ALTER TABLE entry ADD CONSTRAINT entry_merge
    FOREIGN KEY (merge_stream, merge_seq) REFERENCES entry (stream_id, seq) ON DELETE CASCADE;
CREATE INDEX entry_held ON entry (waits_for, entered_at) WHERE status = 'held';
CREATE INDEX entry_parked ON entry (parked_at) WHERE status = 'parked';
CREATE INDEX entry_fence ON entry (merge_stream, merge_seq) WHERE merge_stream IS NOT NULL;

-- Where the entries of a merged patient go from the merge on.
ALTER TABLE stream ADD COLUMN joined_to bigint REFERENCES stream;
CREATE INDEX stream_joined ON stream (joined_to) WHERE joined_to IS NOT NULL;
CREATE INDEX stream_leased ON stream (lane) WHERE lease_until IS NOT NULL;

-- One row per way to a destination: its circuit breaker and its token bucket.
CREATE TABLE destination_gate (
    way         text PRIMARY KEY,
    state       text NOT NULL DEFAULT 'closed' CHECK (state IN ('closed', 'open', 'half-open')),
    failures    integer NOT NULL DEFAULT 0,
    openings    integer NOT NULL DEFAULT 0,
    opened_at   timestamptz,
    probe_at    timestamptz,
    tokens      double precision,
    refilled_at timestamptz,
    wake_at     timestamptz
);

-- Whether the quarantine moved the message's own row, or set aside work that runs beside the message's way.
ALTER TABLE quarantine ADD COLUMN moves_message boolean NOT NULL DEFAULT true;

-- What an operator has halted, who, why, and until when.
CREATE TABLE halt (
    kind      text NOT NULL CHECK (kind IN ('partner', 'destination', 'flow')),
    name      text NOT NULL,
    actor     text NOT NULL,
    reason    text NOT NULL,
    halted_at timestamptz NOT NULL,
    until     timestamptz,
    PRIMARY KEY (kind, name)
);

-- Which way the last attempt of a delivery went, and whether it may have arrived there.
ALTER TABLE delivery ADD COLUMN way text;
ALTER TABLE delivery ADD COLUMN uncertain boolean NOT NULL DEFAULT false;

-- How much a partner may still post at once; instances draw from it in portions.
CREATE TABLE intake_allowance (
    partner     text PRIMARY KEY,
    tokens      double precision NOT NULL,
    refilled_at timestamptz NOT NULL
);

-- What the sweeper measured last; intake reads it, so that an acknowledgment counts nothing.
CREATE TABLE pressure (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    measured_at timestamptz NOT NULL,
    backlog     bigint NOT NULL,
    oldest_due  timestamptz
);

-- Crash residue of the bus, drained: the reason it gave, and what became of it.
CREATE TABLE dead_letter (
    entity     text NOT NULL,
    sequence   bigint NOT NULL,
    reason     text NOT NULL,
    stream_id  bigint,
    enqueued_at timestamptz,
    drained_at timestamptz NOT NULL,
    outcome    text NOT NULL CHECK (outcome IN ('woken', 'nothing-owed', 'unreadable', 'fact')),
    PRIMARY KEY (entity, sequence)
);

-- Work that concerns no single message: an outage, a halted flow, a dead letter.
ALTER TABLE task ALTER COLUMN message_id DROP NOT NULL;

-- The three statements that every entry costs, as functions: a session plans them once, not for each message, also
-- behind a pooler that forbids prepared statements. What they promise is written at `PostgresStreams`.
CREATE FUNCTION append_entry(p_lane text, p_key uuid, p_keep boolean, p_function text, p_message_id uuid, p_delivery_id uuid,
    p_traceparent text, p_now timestamptz, p_fresh timestamptz)
RETURNS TABLE (stream_id bigint, seq bigint, wakes boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH own AS (
        INSERT INTO stream (lane, key, keep, next_seq, hinted_at) VALUES (p_lane, p_key, p_keep, 2, p_now)
        ON CONFLICT (lane, key) DO UPDATE SET
            next_seq = stream.next_seq + (stream.joined_to IS NULL)::int,
            hinted_at = CASE WHEN stream.lease_until > clock_timestamp() OR stream.hinted_at > p_fresh
                        THEN stream.hinted_at ELSE p_now END
        RETURNING stream_id, next_seq - 1 AS seq, joined_to, hinted_at),
    survivor AS (
        UPDATE stream SET next_seq = next_seq + 1,
            hinted_at = CASE WHEN stream.lease_until > clock_timestamp() OR stream.hinted_at > p_fresh
                        THEN stream.hinted_at ELSE p_now END
        FROM own WHERE stream.stream_id = own.joined_to
        RETURNING stream.stream_id, next_seq - 1 AS seq, stream.hinted_at),
    numbered AS (
        SELECT stream_id, seq, hinted_at FROM own WHERE joined_to IS NULL UNION ALL SELECT * FROM survivor),
    added AS (
        INSERT INTO entry (stream_id, seq, function, message_id, delivery_id, traceparent, due_at, entered_at)
        SELECT stream_id, seq, p_function, p_message_id, p_delivery_id, p_traceparent, p_now, p_now
        FROM numbered)
    SELECT stream_id, seq, hinted_at IS NOT DISTINCT FROM p_now FROM numbered;
END $$;

CREATE FUNCTION take_stream(p_stream_id bigint, p_owner text, p_duration interval, p_flow text, p_now timestamptz)
RETURNS TABLE (stream_id bigint, lane text, key uuid, fence bigint, lease_owner text, takeovers integer, halted boolean,
    head_stream bigint, seq bigint, function text, message_id uuid, delivery_id uuid, attempts integer,
    due_at timestamptz, first_failed_at timestamptz, traceparent text, status text, merge_stream bigint, ready boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH leased AS (
        UPDATE stream
        SET lease_owner = p_owner, lease_until = clock_timestamp() + p_duration, fence = fence + 1,
            takeovers = takeovers + (lease_owner IS NOT NULL)::int, hinted_at = NULL
        WHERE stream_id = p_stream_id AND (lease_until IS NULL OR lease_until < clock_timestamp())
        RETURNING stream_id, lane, key, fence, lease_owner, takeovers)
    SELECT leased.*, 
    EXISTS (SELECT 1 FROM halt WHERE (kind, name) = ('flow', p_flow) AND (until IS NULL OR until > p_now))
 AS halted, first.* FROM leased LEFT JOIN LATERAL (
        
    SELECT stream_id, seq, function, message_id, delivery_id, attempts, due_at, first_failed_at, traceparent,
        status, merge_stream,
        status IN ('waiting', 'held') AND due_at <= p_now AND NOT EXISTS (
            SELECT 1 FROM entry fence JOIN entry before ON before.stream_id = fence.stream_id
            WHERE fence.status = 'fence' AND before.seq < fence.seq
              AND (fence.merge_stream, fence.merge_seq) = (entry.stream_id, entry.seq)) AS ready
    FROM entry
 WHERE entry.stream_id = leased.stream_id ORDER BY seq LIMIT 1) first ON true;
END $$;

CREATE FUNCTION finish_entry(p_stream_id bigint, p_seq bigint, p_function text, p_duration interval, p_flow text, p_now timestamptz)
RETURNS TABLE (usable boolean, head_stream bigint, seq bigint, function text, message_id uuid, delivery_id uuid, attempts integer,
    due_at timestamptz, first_failed_at timestamptz, traceparent text, status text, merge_stream bigint, ready boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH closed AS (
        DELETE FROM entry WHERE (stream_id, seq) = (p_stream_id, p_seq)),
    next AS (
        
    SELECT stream_id, seq, function, message_id, delivery_id, attempts, due_at, first_failed_at, traceparent,
        status, merge_stream,
        status IN ('waiting', 'held') AND due_at <= p_now AND NOT EXISTS (
            SELECT 1 FROM entry fence JOIN entry before ON before.stream_id = fence.stream_id
            WHERE fence.status = 'fence' AND before.seq < fence.seq
              AND (fence.merge_stream, fence.merge_seq) = (entry.stream_id, entry.seq)) AS ready
    FROM entry
 WHERE stream_id = p_stream_id AND seq <> p_seq ORDER BY seq LIMIT 1),
    usable AS (
        SELECT 1 FROM next WHERE ready AND function = p_function AND NOT 
    EXISTS (SELECT 1 FROM halt WHERE (kind, name) = ('flow', p_flow) AND (until IS NULL OR until > p_now))
),
    gone AS (
        DELETE FROM stream WHERE stream_id = p_stream_id AND NOT keep AND NOT EXISTS (SELECT 1 FROM next)),
    kept AS (
        UPDATE stream SET
            takeovers = CASE WHEN p_seq = 0 THEN takeovers ELSE 0 END,
            lease_owner = CASE WHEN EXISTS (SELECT 1 FROM usable) THEN lease_owner END,
            lease_until = CASE WHEN EXISTS (SELECT 1 FROM usable) THEN clock_timestamp() + p_duration END
        WHERE stream_id = p_stream_id AND (keep OR EXISTS (SELECT 1 FROM next)))
    SELECT EXISTS (SELECT 1 FROM usable), next.* FROM next;
END $$;
