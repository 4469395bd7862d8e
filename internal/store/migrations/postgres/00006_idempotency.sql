-- +goose Up
CREATE TABLE idempotency_requests (
    merchant_id     TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment     TEXT             NOT NULL CHECK (environment IN ('sandbox', 'live')),
    slot            TEXT             NOT NULL, -- SHA-256 of method, path and key, which may be longer than an index takes
    method          TEXT             NOT NULL,
    path            TEXT             NOT NULL,
    key             TEXT             NOT NULL,
    digest          BYTEA            NOT NULL,
    operation_id    TEXT             NOT NULL,
    locked_until    TIMESTAMPTZ,
    expires_at      TIMESTAMPTZ      NOT NULL,
    response_status INTEGER,
    key_version     INTEGER,
    sealed_response BYTEA,
    PRIMARY KEY (merchant_id, environment, slot),
    CHECK ((response_status IS NULL) = (sealed_response IS NULL)),
    CHECK ((response_status IS NULL) = (key_version IS NULL))
);
CREATE INDEX idempotency_requests_by_expiry ON idempotency_requests (expires_at);

-- +goose Down
DROP TABLE idempotency_requests;
