-- The three functions that every entry costs (migration 0002), one plain statement after the other: a statement of
-- many parts starts all of them, each time. What they promise stays.
CREATE OR REPLACE FUNCTION append_entry(p_lane text, p_key uuid, p_keep boolean, p_function text, p_message_id uuid,
    p_delivery_id uuid, p_traceparent text, p_now timestamptz, p_fresh timestamptz)
RETURNS TABLE (stream_id bigint, seq bigint, wakes boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    survivor bigint;
    hinted timestamptz;
BEGIN
    INSERT INTO stream AS own (lane, key, keep, next_seq, hinted_at) VALUES (p_lane, p_key, p_keep, 2, p_now)
    ON CONFLICT (lane, key) DO UPDATE SET
        next_seq = own.next_seq + (own.joined_to IS NULL)::int,
        hinted_at = CASE WHEN own.lease_until > clock_timestamp() OR own.hinted_at > p_fresh
                    THEN own.hinted_at ELSE p_now END
    RETURNING own.stream_id, own.next_seq - 1, own.joined_to, own.hinted_at
    INTO stream_id, seq, survivor, hinted;
    IF survivor IS NOT NULL THEN
        UPDATE stream AS own SET next_seq = own.next_seq + 1,
            hinted_at = CASE WHEN own.lease_until > clock_timestamp() OR own.hinted_at > p_fresh
                        THEN own.hinted_at ELSE p_now END
        WHERE own.stream_id = survivor
        RETURNING own.stream_id, own.next_seq - 1, own.hinted_at INTO stream_id, seq, hinted;
    END IF;
    wakes := hinted IS NOT DISTINCT FROM p_now;
    INSERT INTO entry (stream_id, seq, function, message_id, delivery_id, traceparent, due_at, entered_at)
    SELECT append_entry.stream_id, append_entry.seq, p_function, p_message_id, p_delivery_id, p_traceparent, p_now, p_now;
    RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION take_stream(p_stream_id bigint, p_owner text, p_duration interval, p_flow text,
    p_now timestamptz)
RETURNS TABLE (stream_id bigint, lane text, key uuid, fence bigint, lease_owner text, takeovers integer, halted boolean,
    head_stream bigint, seq bigint, function text, message_id uuid, delivery_id uuid, attempts integer,
    due_at timestamptz, first_failed_at timestamptz, traceparent text, status text, merge_stream bigint, ready boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    UPDATE stream AS own
    SET lease_owner = p_owner, lease_until = clock_timestamp() + p_duration, fence = own.fence + 1,
        takeovers = own.takeovers + (own.lease_owner IS NOT NULL)::int, hinted_at = NULL
    WHERE own.stream_id = p_stream_id AND (own.lease_until IS NULL OR own.lease_until < clock_timestamp())
    RETURNING own.stream_id, own.lane, own.key, own.fence, own.lease_owner, own.takeovers
    INTO stream_id, lane, key, fence, lease_owner, takeovers;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    halted := EXISTS (
        SELECT 1 FROM halt WHERE (kind, name) = ('flow', p_flow) AND (until IS NULL OR until > p_now));
    SELECT head.stream_id, head.seq, head.function, head.message_id, head.delivery_id, head.attempts, head.due_at,
        head.first_failed_at, head.traceparent, head.status, head.merge_stream,
        head.status IN ('waiting', 'held') AND head.due_at <= p_now AND NOT EXISTS (
            SELECT 1 FROM entry fence JOIN entry before ON before.stream_id = fence.stream_id
            WHERE fence.status = 'fence' AND before.seq < fence.seq
              AND (fence.merge_stream, fence.merge_seq) = (head.stream_id, head.seq))
    INTO head_stream, seq, function, message_id, delivery_id, attempts, due_at, first_failed_at, traceparent, status,
        merge_stream, ready
    FROM entry head WHERE head.stream_id = p_stream_id ORDER BY head.seq LIMIT 1;
    RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION finish_entry(p_stream_id bigint, p_seq bigint, p_function text, p_duration interval,
    p_flow text, p_now timestamptz)
RETURNS TABLE (usable boolean, head_stream bigint, seq bigint, function text, message_id uuid, delivery_id uuid,
    attempts integer, due_at timestamptz, first_failed_at timestamptz, traceparent text, status text,
    merge_stream bigint, ready boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    is_kept boolean;
BEGIN
    IF p_seq <> 0 THEN
        DELETE FROM entry WHERE (stream_id, seq) = (p_stream_id, p_seq);
    END IF;
    SELECT head.stream_id, head.seq, head.function, head.message_id, head.delivery_id, head.attempts, head.due_at,
        head.first_failed_at, head.traceparent, head.status, head.merge_stream,
        head.status IN ('waiting', 'held') AND head.due_at <= p_now AND NOT EXISTS (
            SELECT 1 FROM entry fence JOIN entry before ON before.stream_id = fence.stream_id
            WHERE fence.status = 'fence' AND before.seq < fence.seq
              AND (fence.merge_stream, fence.merge_seq) = (head.stream_id, head.seq))
    INTO head_stream, seq, function, message_id, delivery_id, attempts, due_at, first_failed_at, traceparent, status,
        merge_stream, ready
    FROM entry head WHERE head.stream_id = p_stream_id ORDER BY head.seq LIMIT 1;
    usable := coalesce(ready, false) AND finish_entry.function = p_function AND NOT EXISTS (
        SELECT 1 FROM halt WHERE (kind, name) = ('flow', p_flow) AND (until IS NULL OR until > p_now));
    UPDATE stream AS own SET
        takeovers = CASE WHEN p_seq = 0 THEN own.takeovers ELSE 0 END,
        lease_owner = CASE WHEN usable THEN own.lease_owner END,
        lease_until = CASE WHEN usable THEN clock_timestamp() + p_duration END
    WHERE own.stream_id = p_stream_id
    RETURNING own.keep INTO is_kept;
    IF head_stream IS NOT NULL THEN
        RETURN NEXT;
    ELSIF NOT is_kept THEN
        DELETE FROM stream WHERE stream_id = p_stream_id;
    END IF;
END $$;

-- Lease a stream and look at its head; where wanted with the message that it concerns (`message`), and with whether
-- its patient was merged away (`marked`; the tier `workflow` may not read that), or with the delivery that is owed.
CREATE FUNCTION take_with_message(p_step jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    taken record;
    opened jsonb;
    is_merged boolean;
BEGIN
    SELECT * INTO taken FROM take_stream((p_step->>'stream_id')::bigint, p_step->>'owner',
        (p_step->>'duration')::interval, p_step->>'flow', (p_step->>'now')::timestamptz);
    IF taken.stream_id IS NULL THEN
        RETURN NULL;
    END IF;
    IF p_step->>'opens' = 'delivery' AND taken.ready THEN
        SELECT jsonb_build_array(delivery.delivery_id, delivery.message_id, delivery.destination, delivery.status,
            delivery.status_code, delivery.status_at, delivery.due_since, delivery.attempts, delivery.attempt_open,
            delivery.possibly_repeated, delivery.receipt, delivery.way, delivery.uncertain,
            coalesce(replay.mapping, conversion.mapping), coalesce(replay.bundle, conversion.bundle),
            coalesce(replay.bundle_hash, conversion.bundle_hash), consent.decision, message.flow)
        INTO opened
        FROM delivery JOIN message USING (message_id) LEFT JOIN conversion USING (message_id)
        LEFT JOIN replay_bundle replay
            ON (replay.plan_id, replay.message_id) = (delivery.replay_plan, delivery.message_id)
        LEFT JOIN consent ON (consent.patient_key, consent.destination) = (taken.key, delivery.destination)
        WHERE delivery.delivery_id = taken.delivery_id;
    ELSIF p_step->>'opens' IS NOT NULL AND taken.ready THEN
        SELECT jsonb_build_array(message.message_id, message.partner, message.control_id, message.message_code,
            message.trigger_event, message.processing_id, message.flow, message.received_at, message.status,
            message.status_code, message.status_location, message.status_at, message.duplicate_of,
            message.acknowledgment, message.acknowledgment_code, message.patient_key, message.traceparent,
            message.payload_hash)
        INTO opened FROM message WHERE message.message_id = taken.message_id;
        IF p_step->>'opens' = 'marked' THEN
            SELECT EXISTS (
                SELECT 1 FROM merged_key JOIN message USING (patient_key) WHERE message.message_id = taken.message_id)
            INTO is_merged;
        END IF;
    END IF;
    RETURN jsonb_build_array(taken.stream_id, taken.lane, taken.key, taken.fence, taken.lease_owner, taken.takeovers,
        taken.halted, taken.head_stream, taken.seq, taken.function, taken.message_id, taken.delivery_id,
        taken.attempts, taken.due_at, taken.first_failed_at, taken.traceparent, taken.status, taken.merge_stream,
        taken.ready, opened, is_merged);
END $$;

-- What a commit writes, in one statement: each step is done in its place, with the caller's own rights. A step that
-- answers yields a row with its place. Bytes come as '\x..', times and keys as text.
CREATE FUNCTION write_steps(p_steps jsonb) RETURNS TABLE (place bigint, answer jsonb) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    step jsonb;
    number bigint;
    found jsonb;
BEGIN
    FOR step, number IN SELECT one, position FROM jsonb_array_elements(p_steps) WITH ORDINALITY AS steps (one, position) LOOP
        CASE step->>'do'
        WHEN 'hold' THEN
            PERFORM hold_stream((step->>'stream_id')::bigint, (step->>'fence')::bigint);
        WHEN 'take' THEN
            RETURN QUERY SELECT number, take_with_message(step);
        WHEN 'look' THEN
            found := NULL;
            SELECT jsonb_build_array(way, state, failures, openings, opened_at, probe_at, tokens, refilled_at, wake_at)
            INTO found FROM destination_gate
            WHERE way = (SELECT substr(lane, length('deliver/') + 1) FROM stream
                         WHERE stream_id = (step->>'stream_id')::bigint)
            FOR UPDATE;
            RETURN QUERY
            SELECT number, jsonb_build_array(found,
                (SELECT count(*) FROM stream other
                 WHERE other.lane = own.lane AND other.lease_until > clock_timestamp()
                   AND other.stream_id <> own.stream_id),
                EXISTS (
                    SELECT 1 FROM halt
                    WHERE kind = 'destination' AND own.lane = 'deliver/' || name
                      AND (until IS NULL OR until > (step->>'now')::timestamptz)),
                EXISTS (
                    SELECT 1 FROM entry
                    WHERE status = 'held' AND waits_for IN (
                        replace(own.lane, 'deliver/', 'destination/'),
                        replace(own.lane, 'deliver/', 'destination/') || '/bulk')
                      AND entry.stream_id <> own.stream_id))
            FROM stream own WHERE stream_id = (step->>'stream_id')::bigint;
        WHEN 'hop' THEN
            INSERT INTO hop (message_id, delivery_id, function, source, target, at, actor, outcome, code, location,
                schema_version, mapping, payload_hash, attempt, traceparent, parent_span)
            SELECT message_id, delivery_id, function, source, target, at, actor, outcome, code, location,
                schema_version, mapping, payload_hash, attempt, traceparent, parent_span
            FROM jsonb_populate_record(NULL::hop, step);
        WHEN 'audit' THEN
            INSERT INTO audit (at, actor, action, subject, reason, details)
            SELECT at, actor, action, subject, reason, details FROM jsonb_populate_record(NULL::audit, step);
        WHEN 'append' THEN
            RETURN QUERY
            SELECT number, jsonb_build_array(stream_id, seq, wakes)
            FROM append_entry(step->>'lane', (step->>'key')::uuid, (step->>'keep')::boolean, step->>'function',
                (step->>'message_id')::uuid, (step->>'delivery_id')::uuid, step->>'traceparent',
                (step->>'now')::timestamptz, (step->>'fresh')::timestamptz);
        WHEN 'finish' THEN
            RETURN QUERY
            SELECT number, jsonb_build_array(usable, head_stream, seq, function, message_id, delivery_id, attempts,
                due_at, first_failed_at, traceparent, status, merge_stream, ready)
            FROM finish_entry((step->>'stream_id')::bigint, (step->>'seq')::bigint, step->>'function',
                (step->>'duration')::interval, step->>'flow', (step->>'now')::timestamptz);
        WHEN 'message' THEN
            INSERT INTO message (
                message_id, partner, control_id, payload_hash, payload_size, media_type, message_code, trigger_event,
                structure, hl7_version, processing_id, flow, received_at, traceparent, status, status_code,
                status_location, status_at, duplicate_of, acknowledgment, acknowledgment_code, patient_key,
                control_id_reused)
            SELECT
                message_id, partner, control_id, payload_hash, payload_size, media_type, message_code, trigger_event,
                structure, hl7_version, processing_id, flow, received_at, traceparent, status, status_code,
                status_location, status_at, duplicate_of, acknowledgment, acknowledgment_code, patient_key,
                control_id <> '' AND EXISTS (
                    SELECT 1 FROM message earlier
                    WHERE (earlier.partner, earlier.control_id) = (row.partner, row.control_id)
                      AND earlier.payload_hash <> row.payload_hash)
            FROM jsonb_populate_record(NULL::message, step) AS row;
        WHEN 'message-status' THEN
            UPDATE message SET status = step->>'status', status_code = step->>'code',
                status_location = step->>'location', status_at = (step->>'at')::timestamptz
            WHERE message_id = (step->>'message_id')::uuid;
        WHEN 'conversion' THEN
            INSERT INTO conversion (message_id, mapping, bundle, bundle_hash, coverage, issues, converted_at)
            SELECT message_id, mapping, bundle, bundle_hash, coverage, issues, converted_at
            FROM jsonb_populate_record(NULL::conversion, step);
        WHEN 'event' THEN
            INSERT INTO event (event_id, type, version, message_id, patient_key, occurred_at, recorded_at, data)
            SELECT event_id, type, version, message_id, patient_key, occurred_at, recorded_at, data
            FROM jsonb_populate_record(NULL::event, step)
            ON CONFLICT (event_id) DO NOTHING;
        WHEN 'report' THEN
            INSERT INTO report_state (patient_key, report_key, rank, stated_at, message_id)
            SELECT patient_key, report_key, rank, stated_at, message_id
            FROM jsonb_populate_record(NULL::report_state, step)
            ON CONFLICT (patient_key, report_key) DO UPDATE SET
                rank = excluded.rank, stated_at = excluded.stated_at, message_id = excluded.message_id;
        WHEN 'delivery' THEN
            INSERT INTO delivery (delivery_id, message_id, destination, status, status_code, status_at, due_since)
            SELECT delivery_id, message_id, destination, status, status_code, status_at, due_since
            FROM jsonb_populate_record(NULL::delivery, step);
        WHEN 'open-attempt' THEN
            UPDATE delivery SET attempt_open = true, way = step->>'way',
                possibly_repeated = possibly_repeated OR ((attempt_open OR uncertain)
                    AND NOT ((step->>'idempotent')::boolean AND coalesce(way, step->>'way') = step->>'way'))
            WHERE delivery_id = (step->>'delivery_id')::uuid;
        WHEN 'close-attempt' THEN
            UPDATE delivery SET status = step->>'status', status_code = step->>'code',
                status_at = (step->>'at')::timestamptz, attempts = attempts + 1, attempt_open = false,
                sent_hash = coalesce((step->>'sent_hash')::bytea, sent_hash),
                receipt = coalesce(step->>'receipt', receipt), way = coalesce(step->>'way', way),
                uncertain = uncertain OR (step->>'uncertain')::boolean
            WHERE delivery_id = (step->>'delivery_id')::uuid;
        WHEN 'authority' THEN
            INSERT INTO authority (destination, record, message_id)
            SELECT step->>'destination', record, (step->>'message_id')::uuid
            FROM jsonb_array_elements_text(step->'records') AS record
            ON CONFLICT (destination, record) DO NOTHING;
        END CASE;
    END LOOP;
END $$;
