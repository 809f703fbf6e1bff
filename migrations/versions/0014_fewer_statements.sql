-- What every entry costs, in fewer statements: each statement of a function is set up anew at each call, and a function
-- that returns rows fills a table first. What the functions promise stays (migrations 0002 to 0012).
CREATE FUNCTION append_entry(p_step jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    instant timestamptz := p_step->>'now';
    fresh timestamptz := p_step->>'fresh';
    added record;
BEGIN
    INSERT INTO stream AS own (lane, key, keep, next_seq, hinted_at)
    VALUES (p_step->>'lane', (p_step->>'key')::uuid, (p_step->>'keep')::boolean, 2, instant)
    ON CONFLICT (lane, key) DO UPDATE SET
        next_seq = own.next_seq + (own.joined_to IS NULL)::int,
        hinted_at = CASE WHEN own.lease_until > clock_timestamp() OR own.hinted_at > fresh
                    THEN own.hinted_at ELSE instant END
    RETURNING own.stream_id, own.next_seq - 1 AS seq, own.joined_to, own.hinted_at INTO added;
    IF added.joined_to IS NOT NULL THEN
        UPDATE stream AS survivor SET next_seq = survivor.next_seq + 1,
            hinted_at = CASE WHEN survivor.lease_until > clock_timestamp() OR survivor.hinted_at > fresh
                        THEN survivor.hinted_at ELSE instant END
        WHERE survivor.stream_id = added.joined_to
        RETURNING survivor.stream_id, survivor.next_seq - 1 AS seq, survivor.joined_to, survivor.hinted_at INTO added;
    END IF;
    INSERT INTO entry (stream_id, seq, function, message_id, delivery_id, traceparent, due_at, entered_at)
    VALUES (added.stream_id, added.seq, p_step->>'function', (p_step->>'message_id')::uuid,
        (p_step->>'delivery_id')::uuid, p_step->>'traceparent', instant, instant);
    RETURN jsonb_build_array(added.stream_id, added.seq, added.hinted_at IS NOT DISTINCT FROM instant);
END $$;

-- The head of a stream, with whether it may be worked on at its end: it is due, and nothing stands before the fences of
-- a merge. What was due when it came is due, whatever the clock of who looks says.
CREATE FUNCTION head_of(p_stream_id bigint, p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    head record;
BEGIN
    SELECT stream_id, seq, function, message_id, delivery_id, attempts, due_at, first_failed_at, traceparent, status,
        merge_stream, status IN ('waiting', 'held') AND (due_at <= p_now OR due_at = entered_at) AS ready, EXISTS (
            SELECT 1 FROM entry fence
            WHERE (fence.merge_stream, fence.merge_seq) = (first.stream_id, first.seq)) AS is_merge
    INTO head FROM entry first WHERE stream_id = p_stream_id ORDER BY seq LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF head.is_merge THEN
        head.ready := head.ready AND NOT EXISTS (
            SELECT 1 FROM entry fence JOIN entry before ON before.stream_id = fence.stream_id
            WHERE fence.status = 'fence' AND before.seq < fence.seq
              AND (fence.merge_stream, fence.merge_seq) = (head.stream_id, head.seq));
    END IF;
    RETURN jsonb_build_array(head.stream_id, head.seq, head.function, head.message_id, head.delivery_id, head.attempts,
        head.due_at, head.first_failed_at, head.traceparent, head.status, head.merge_stream, head.ready);
END $$;

-- What an entry is about comes with it, whether it was met by taking its stream or by finishing what stood before it:
-- its message (`message`), also with whether its patient was merged away (`marked`; the tier `workflow` may not read
-- that), or the delivery that is owed.
CREATE FUNCTION opened_by(p_opens text, p_key uuid, p_head jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid := p_head->>CASE WHEN p_opens = 'delivery' THEN 4 ELSE 3 END;
    opened jsonb;
    is_merged boolean;
BEGIN
    IF p_opens = 'delivery' THEN
        SELECT jsonb_build_array(delivery.delivery_id, delivery.message_id, delivery.destination, delivery.status,
            delivery.status_code, delivery.status_at, delivery.due_since, delivery.attempts, delivery.attempt_open,
            delivery.possibly_repeated, delivery.receipt, delivery.way, delivery.uncertain,
            coalesce(replay.mapping, conversion.mapping), coalesce(replay.bundle, conversion.bundle),
            coalesce(replay.bundle_hash, conversion.bundle_hash), consent.decision, message.flow)
        INTO opened
        FROM delivery JOIN message USING (message_id) LEFT JOIN conversion USING (message_id)
        LEFT JOIN replay_bundle replay
            ON (replay.plan_id, replay.message_id) = (delivery.replay_plan, delivery.message_id)
        LEFT JOIN consent ON (consent.patient_key, consent.destination) = (p_key, delivery.destination)
        WHERE delivery.delivery_id = wanted;
    ELSIF p_opens IS NOT NULL THEN
        SELECT jsonb_build_array(message.message_id, message.partner, message.control_id, message.message_code,
            message.trigger_event, message.processing_id, message.flow, message.received_at, message.status,
            message.status_code, message.status_location, message.status_at, message.duplicate_of,
            message.acknowledgment, message.acknowledgment_code, message.patient_key, message.traceparent,
            message.payload_hash)
        INTO opened FROM message WHERE message.message_id = wanted;
        IF p_opens = 'marked' THEN
            is_merged := EXISTS (
                SELECT 1 FROM merged_key JOIN message USING (patient_key) WHERE message.message_id = wanted);
        END IF;
    END IF;
    RETURN jsonb_build_array(opened, is_merged);
END $$;

CREATE FUNCTION take_stream(p_step jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint := p_step->>'stream_id';
    instant timestamptz := p_step->>'now';
    own record;
    head jsonb;
    is_halted boolean;
    opened jsonb := '[null, null]';
BEGIN
    UPDATE stream
    SET lease_owner = p_step->>'owner', lease_until = clock_timestamp() + (p_step->>'duration')::interval,
        fence = fence + 1, takeovers = takeovers + (lease_owner IS NOT NULL)::int, hinted_at = NULL
    WHERE stream_id = wanted AND (lease_until IS NULL OR lease_until < clock_timestamp())
    RETURNING lane, key, fence, lease_owner, takeovers INTO own;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    is_halted := EXISTS (
        SELECT 1 FROM halt WHERE (kind, name) = ('flow', p_step->>'flow') AND (until IS NULL OR until > instant));
    head := head_of(wanted, instant);
    IF (head->>11)::boolean THEN
        opened := opened_by(p_step->>'opens', own.key, head);
    END IF;
    RETURN jsonb_build_array(wanted, own.lane, own.key, own.fence, own.lease_owner, own.takeovers, is_halted)
        || coalesce(head, '[null]') || opened;
END $$;

-- Finish an entry and look at the next; a worker that does not say what it `opens` (an instance of before) is answered
-- as before.
CREATE FUNCTION finish_entry(p_step jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint := p_step->>'stream_id';
    done bigint := p_step->>'seq';
    instant timestamptz := p_step->>'now';
    head jsonb;
    usable boolean := false;
    is_kept boolean;
    opened jsonb := '[null, null]';
BEGIN
    IF done <> 0 THEN
        DELETE FROM entry WHERE (stream_id, seq) = (wanted, done);
    END IF;
    head := head_of(wanted, instant);
    IF (head->>11)::boolean AND head->>2 = p_step->>'function' THEN
        usable := NOT EXISTS (
            SELECT 1 FROM halt WHERE (kind, name) = ('flow', p_step->>'flow') AND (until IS NULL OR until > instant));
    END IF;
    UPDATE stream SET
        takeovers = CASE WHEN done = 0 THEN takeovers ELSE 0 END,
        lease_owner = CASE WHEN usable THEN lease_owner END,
        lease_until = CASE WHEN usable THEN clock_timestamp() + (p_step->>'duration')::interval END
    WHERE stream_id = wanted
    RETURNING keep INTO is_kept;
    IF head IS NULL THEN
        IF NOT is_kept THEN
            DELETE FROM stream WHERE stream_id = wanted;
        END IF;
        RETURN NULL;
    END IF;
    IF NOT p_step ? 'opens' THEN
        RETURN jsonb_build_array(usable) || head;
    END IF;
    IF usable THEN
        opened := opened_by(p_step->>'opens', (p_step->>'key')::uuid, head);
    END IF;
    RETURN jsonb_build_array(usable) || head || opened;
END $$;

-- A gate and what is on its way there. Who takes a stream locks the gate first, so that two workers never count one
-- free place twice. Who goes on with a stream (`p_again`) has a place already: it reads, and only where the stream is
-- still in hand.
CREATE FUNCTION look_at_gate(p_stream_id bigint, p_now timestamptz, p_again boolean) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    own_lane text;
    destination text;
    gate jsonb;
BEGIN
    SELECT lane INTO own_lane FROM stream
    WHERE stream_id = p_stream_id AND (lease_until IS NOT NULL OR NOT p_again);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    destination := substr(own_lane, length('deliver/') + 1);
    IF NOT p_again THEN
        PERFORM 1 FROM destination_gate WHERE way = destination FOR UPDATE;
    END IF;
    SELECT jsonb_build_array(way, state, failures, openings, opened_at, probe_at, tokens, refilled_at, wake_at)
    INTO gate FROM destination_gate WHERE way = destination;
    RETURN jsonb_build_array(gate,
        (SELECT count(*) FROM stream
         WHERE lane = own_lane AND lease_until > clock_timestamp() AND stream_id <> p_stream_id),
        EXISTS (
            SELECT 1 FROM halt
            WHERE (kind, name) = ('destination', destination) AND (until IS NULL OR until > p_now)),
        EXISTS (
            SELECT 1 FROM entry
            WHERE status = 'held' AND stream_id <> p_stream_id
              AND waits_for IN ('destination/' || destination, 'destination/' || destination || '/bulk')));
END $$;

-- What a commit writes, in one statement: each step is done in its place, with the caller's own rights. A step that
-- answers yields a row with its place. Bytes come as '\x..', times and keys as text.
CREATE OR REPLACE FUNCTION write_steps(p_steps jsonb) RETURNS TABLE (place bigint, answer jsonb) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    step jsonb;
    number bigint;
BEGIN
    FOR step, number IN
        SELECT one, position FROM jsonb_array_elements(p_steps) WITH ORDINALITY AS steps (one, position)
    LOOP
        CASE step->>'do'
        WHEN 'hold' THEN
            PERFORM 1 FROM stream
            WHERE (stream_id, fence) = ((step->>'stream_id')::bigint, (step->>'fence')::bigint) FOR UPDATE;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'the lease on stream % was lost', step->>'stream_id' USING ERRCODE = 'CF001';
            END IF;
        WHEN 'take' THEN
            place := number;
            answer := take_stream(step);
            RETURN NEXT;
        WHEN 'look', 'look-again' THEN
            place := number;
            answer := look_at_gate((step->>'stream_id')::bigint, (step->>'now')::timestamptz,
                step->>'do' = 'look-again');
            RETURN NEXT;
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
            place := number;
            answer := append_entry(step);
            RETURN NEXT;
        WHEN 'finish' THEN
            place := number;
            answer := finish_entry(step);
            RETURN NEXT;
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

-- Nobody but each other and `write_steps` called these.
DROP FUNCTION hold_stream(bigint, bigint), take_with_message(jsonb), finish_with_message(jsonb),
    append_entry(text, uuid, boolean, text, uuid, uuid, text, timestamptz, timestamptz),
    take_stream(bigint, text, interval, text, timestamptz),
    finish_entry(bigint, bigint, text, interval, text, timestamptz), open_entry(text, uuid, uuid, uuid);
