-- Amounts are minor units. Ids collate as bytes, so that they sort by creation.

-- +goose Up
CREATE TABLE merchants (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT             NOT NULL,
    created_at TIMESTAMPTZ      NOT NULL
);

CREATE TABLE api_keys (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id  TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment  TEXT             NOT NULL CHECK (environment IN ('sandbox', 'live')),
    kind         TEXT             NOT NULL CHECK (kind IN ('secret', 'publishable')),
    name         TEXT             NOT NULL,
    prefix       TEXT             NOT NULL,
    hash         TEXT             NOT NULL UNIQUE,
    permissions  JSON             NOT NULL,
    created_at   TIMESTAMPTZ      NOT NULL,
    last_used_at TIMESTAMPTZ,
    expires_at   TIMESTAMPTZ,
    revoked_at   TIMESTAMPTZ
);
CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
CREATE INDEX api_keys_by_merchant ON api_keys (merchant_id, id);

-- +goose Down
DROP TABLE api_keys;
DROP TABLE merchants;
