-- Times are UTC text of fixed width to the microsecond, so that they compare
-- as they sort. Amounts are minor units.

-- +goose Up
CREATE TABLE merchants (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id           TEXT NOT NULL PRIMARY KEY,
    merchant_id  TEXT NOT NULL REFERENCES merchants (id),
    environment  TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    kind         TEXT NOT NULL CHECK (kind IN ('secret', 'publishable')),
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    permissions  TEXT NOT NULL CHECK (json_valid(permissions)),
    created_at   TEXT NOT NULL,
    last_used_at TEXT,
    expires_at   TEXT,
    revoked_at   TEXT
) STRICT;
CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
CREATE INDEX api_keys_by_merchant ON api_keys (merchant_id, id);

-- +goose Down
DROP TABLE api_keys;
DROP TABLE merchants;
