-- The accounts at payment providers that merchants have connected.

-- +goose Up
CREATE TABLE gateway_accounts (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- what its name ends in
    name        TEXT COLLATE "C" NOT NULL UNIQUE CHECK (name = provider || '_' || id),
    provider    TEXT NOT NULL,
    provider_account TEXT NOT NULL, -- the provider's own id of it; '' when it tells none
    merchant_id TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    label       TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    priority    INTEGER NOT NULL,
    fees        JSON,
    shown       JSON NOT NULL, -- credentials that are no secret
    secrets     JSON NOT NULL, -- names of those that are
    key_version INTEGER NOT NULL,
    sealed      BYTEA NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL
);
CREATE INDEX gateway_accounts_by_scope ON gateway_accounts (merchant_id, environment, id);
CREATE INDEX gateway_accounts_preferred ON gateway_accounts (merchant_id, environment, status, priority DESC, id);

-- +goose Down
DROP TABLE gateway_accounts;
