-- Which records a destination has from the flow that speaks for them: others refer to these and do not send them.
CREATE TABLE authority (
    destination text NOT NULL,
    record      text NOT NULL,
    message_id  uuid NOT NULL REFERENCES message,
    PRIMARY KEY (destination, record)
);
