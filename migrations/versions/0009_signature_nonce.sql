-- Signatures that were used: a second posting with one is a replay. Forgotten when their age alone would refuse them.
CREATE TABLE signature_nonce (
    partner   text NOT NULL,
    nonce     text NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (partner, nonce)
);
CREATE INDEX signature_nonce_age ON signature_nonce (partner, signed_at);
