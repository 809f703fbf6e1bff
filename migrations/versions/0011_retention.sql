-- What must not be disposed of, whatever its age: one message, all of a patient's, all of a partner's.
CREATE TABLE legal_hold (
    kind    text NOT NULL CHECK (kind IN ('message', 'patient', 'partner')),
    name    text NOT NULL,
    actor   text NOT NULL,
    reason  text NOT NULL,
    held_at timestamptz NOT NULL,
    PRIMARY KEY (kind, name)
);

-- How far the messages of each retention class were looked through, the oldest first; at the end it begins again.
CREATE TABLE disposal (
    retention   text PRIMARY KEY,
    received_at timestamptz NOT NULL,
    message_id  uuid NOT NULL
);

-- Who said so, and no longer a reference that keeps the message: what they say outlives it, or goes with it by name.
ALTER TABLE inbox DROP CONSTRAINT inbox_message_id_fkey;
ALTER TABLE report_state DROP CONSTRAINT report_state_message_id_fkey;
ALTER TABLE visit DROP CONSTRAINT visit_message_id_fkey;
ALTER TABLE merged_patient DROP CONSTRAINT merged_patient_message_id_fkey;
ALTER TABLE merged_key DROP CONSTRAINT merged_key_message_id_fkey;
ALTER TABLE authority DROP CONSTRAINT authority_message_id_fkey;

-- The oldest first, page by page; it also answers what the summary per range of pages did.
CREATE INDEX message_received ON message (received_at, message_id);
DROP INDEX message_received_at;

-- Who else refers to what is deleted: rare columns, so that the hot path pays nothing.
CREATE INDEX message_duplicate_of ON message (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX message_corrects ON message (corrects) WHERE corrects IS NOT NULL;
CREATE INDEX delivery_replay_of ON delivery (replay_of) WHERE replay_of IS NOT NULL;
CREATE INDEX quarantine_message ON quarantine (message_id);
CREATE INDEX quarantine_delivery ON quarantine (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX replay_item_original ON replay_item (original) WHERE original IS NOT NULL;
CREATE INDEX replay_item_delivery ON replay_item (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX replay_bundle_message ON replay_bundle (message_id);
CREATE INDEX file_item_message ON file_item (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX dropped_file_ended ON dropped_file (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX dropped_file_duplicate_of ON dropped_file (duplicate_of) WHERE duplicate_of IS NOT NULL;

-- The keys of every patient that is held, those merged with one included.
CREATE FUNCTION held_patients() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH held AS (
        SELECT name::uuid AS key FROM legal_hold WHERE kind = 'patient'),
    root AS (
        SELECT coalesce(joined_to, stream_id) AS stream_id FROM stream JOIN held USING (key) WHERE lane = 'process')
    SELECT coalesce(array_agg(key), '{}') FROM (
        SELECT key FROM held
        UNION SELECT key FROM stream JOIN root USING (stream_id)
        UNION SELECT key FROM stream JOIN root ON stream.joined_to = root.stream_id) every
$$;

-- Look at the next messages by age and dispose of those that are settled, past their retention and not held, with
-- all that was written for them but the audit log. With the rights of its owner, so that the tier `ops` can neither
-- read nor delete a record in any other way.
CREATE FUNCTION dispose_messages(p_flows text[], p_before timestamptz, p_after_at timestamptz, p_after_id uuid,
    p_look integer)
RETURNS TABLE (message_id uuid, received_at timestamptz, disposed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    looked uuid[]; times timestamptz[]; gone uuid[];
    held uuid[] := held_patients();
BEGIN
    SELECT array_agg(page.message_id ORDER BY page.received_at, page.message_id),
        array_agg(page.received_at ORDER BY page.received_at, page.message_id)
    INTO looked, times FROM (
        SELECT m.message_id, m.received_at FROM message m
        WHERE (m.received_at, m.message_id) > (p_after_at, p_after_id) AND m.received_at < p_before
        ORDER BY m.received_at, m.message_id LIMIT p_look) page;
    gone := ARRAY(
        SELECT m.message_id FROM message m
        WHERE m.message_id = ANY (looked) AND coalesce(m.flow, 'intake') = ANY (p_flows)
          AND m.status IN ('processed', 'duplicate', 'rejected', 'discarded') AND m.status_at < p_before
          AND (m.patient_key IS NULL OR m.patient_key <> ALL (held))
          AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.kind = 'message' AND h.name = m.message_id::text)
          AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.kind = 'partner' AND h.name = m.partner)
          AND NOT EXISTS (SELECT 1 FROM message copy WHERE copy.duplicate_of = m.message_id)
          AND NOT EXISTS (SELECT 1 FROM message copy WHERE copy.corrects = m.message_id)
          AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.message_id = m.message_id)
          AND NOT EXISTS (SELECT 1 FROM event e WHERE e.message_id = m.message_id AND e.published_at IS NULL)
          AND NOT EXISTS (
              SELECT 1 FROM delivery d WHERE d.message_id = m.message_id
                AND (d.status IN ('due', 'quarantined') OR d.status_at >= p_before))
          AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.message_id = m.message_id AND q.disposition IS NULL)
          AND NOT EXISTS (
              SELECT 1 FROM task t WHERE t.message_id = m.message_id AND t.state NOT IN ('completed', 'cancelled'))
          AND NOT EXISTS (
              SELECT 1 FROM replay_item i JOIN replay_plan p USING (plan_id)
              WHERE i.message_id = m.message_id AND p.state NOT IN ('done', 'cancelled'))
        FOR UPDATE OF m SKIP LOCKED);
    DELETE FROM replay_item i WHERE i.message_id = ANY (gone);
    DELETE FROM replay_bundle b WHERE b.message_id = ANY (gone);
    DELETE FROM file_item i WHERE i.message_id = ANY (gone);
    DELETE FROM task_transition s USING task t WHERE t.task_id = s.task_id AND t.message_id = ANY (gone);
    DELETE FROM task t WHERE t.message_id = ANY (gone);
    DELETE FROM quarantine q WHERE q.message_id = ANY (gone);
    DELETE FROM delivery d WHERE d.message_id = ANY (gone);
    DELETE FROM visit v USING event e, jsonb_array_elements_text(e.data -> 'encounters') told
    WHERE e.message_id = ANY (gone) AND 'Encounter/' || v.visit_key = told AND v.message_id = e.message_id;
    DELETE FROM event e WHERE e.message_id = ANY (gone);
    DELETE FROM report_state r USING message m
    WHERE m.message_id = ANY (gone) AND r.patient_key = m.patient_key AND r.message_id = m.message_id;
    DELETE FROM inbox i USING message m
    WHERE m.message_id = ANY (gone) AND i.message_id = m.message_id
      AND (i.partner, i.control_id, i.payload_hash) = (m.partner, m.control_id, m.payload_hash);
    DELETE FROM conversion c WHERE c.message_id = ANY (gone);
    DELETE FROM early_message e WHERE e.message_id = ANY (gone);
    DELETE FROM hop h WHERE h.message_id = ANY (gone);
    DELETE FROM message m WHERE m.message_id = ANY (gone);
    RETURN QUERY
    SELECT one.id, one.at, one.id = ANY (gone) FROM unnest(looked, times) AS one (id, at);
END $$;

-- Dispose of dropped files that ended so long ago, whose messages are gone and whose partner is not held.
CREATE FUNCTION dispose_files(p_before timestamptz, p_limit integer) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone uuid[] := ARRAY(
        SELECT f.file_id FROM dropped_file f
        WHERE f.ended_at < p_before
          AND NOT EXISTS (SELECT 1 FROM file_item i WHERE i.file_id = f.file_id AND i.message_id IS NOT NULL)
          AND NOT EXISTS (SELECT 1 FROM dropped_file copy WHERE copy.duplicate_of = f.file_id)
          AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.kind = 'partner' AND h.name = f.partner)
        ORDER BY f.ended_at LIMIT p_limit FOR UPDATE OF f SKIP LOCKED);
BEGIN
    DELETE FROM file_item i WHERE i.file_id = ANY (gone);
    DELETE FROM dropped_file f WHERE f.file_id = ANY (gone);
    RETURN QUERY SELECT unnest(gone);
END $$;
