-- Which transaction wrote the row: the sealer takes only transactions older than every one that is still open, so a
-- row that commits late is never stepped over.
ALTER TABLE audit ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX audit_chain ON audit (xid, audit_id);

-- One row per sealed batch. The seal itself, with the digest of every row, is in write-once storage.
CREATE TABLE audit_seal (
    batch         bigint PRIMARY KEY,
    root          bytea NOT NULL,
    row_count     integer NOT NULL,
    last_xid      xid8 NOT NULL,
    last_audit_id bigint NOT NULL,
    floor         bigint NOT NULL,
    highest       bigint NOT NULL,
    sealed_at     timestamptz NOT NULL
);
