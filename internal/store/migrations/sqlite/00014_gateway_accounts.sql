-- The accounts at payment providers that merchants have connected.

-- +goose Up
CREATE TABLE gateway_accounts (
    id          TEXT NOT NULL PRIMARY KEY, -- what its name ends in
    name        TEXT NOT NULL UNIQUE CHECK (name = provider || '_' || id),
    provider    TEXT NOT NULL,
    provider_account TEXT NOT NULL, -- the provider's own id of it; '' when it tells none
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    label       TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    priority    INTEGER NOT NULL,
    fees        TEXT CHECK (json_valid(fees)),
    shown       TEXT NOT NULL CHECK (json_valid(shown)), -- credentials that are no secret
    secrets     TEXT NOT NULL CHECK (json_valid(secrets)), -- names of those that are
    key_version INTEGER NOT NULL,
    sealed      BLOB NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;
CREATE INDEX gateway_accounts_by_scope ON gateway_accounts (merchant_id, environment, id);
CREATE INDEX gateway_accounts_preferred ON gateway_accounts (merchant_id, environment, status, priority DESC, id);

-- +goose Down
DROP TABLE gateway_accounts;
