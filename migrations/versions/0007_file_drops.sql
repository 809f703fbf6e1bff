-- Each version of each file that a partner has put into the landing storage, and how far it was taken: `items` of it
-- are decided, `position` is the byte behind them. It is due while work is owed on it.
CREATE TABLE dropped_file (
    file_id      uuid PRIMARY KEY,
    container    text NOT NULL,
    name         text NOT NULL,
    etag         text NOT NULL,
    size         bigint NOT NULL,
    partner      text NOT NULL,
    status       text NOT NULL DEFAULT 'waiting'
        CHECK (status IN ('waiting', 'taking', 'taken', 'duplicate', 'refused', 'superseded')),
    code         text,
    location     text,
    content_hash bytea,
    duplicate_of uuid REFERENCES dropped_file,
    file_header  bytea NOT NULL DEFAULT '',
    batch_header bytea NOT NULL DEFAULT '',
    position     bigint NOT NULL DEFAULT 0,
    items        integer NOT NULL DEFAULT 0,
    attempts     integer NOT NULL DEFAULT 0,
    traceparent  text NOT NULL,
    seen_at      timestamptz NOT NULL,
    due_at       timestamptz,
    ended_at     timestamptz,
    lease_owner  text,
    lease_until  timestamptz,
    UNIQUE (container, name, etag),
    CHECK ((due_at IS NULL) = (ended_at IS NOT NULL))
);
CREATE INDEX dropped_file_due ON dropped_file (due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX dropped_file_content ON dropped_file (partner, content_hash) WHERE status IN ('taking', 'taken');

-- What each item became, written in the commit that decides it: its message, or why it could not even be read.
CREATE TABLE file_item (
    file_id    uuid NOT NULL REFERENCES dropped_file,
    number     integer NOT NULL,
    message_id uuid REFERENCES message,
    code       text,
    location   text,
    PRIMARY KEY (file_id, number)
);
