-- The rules that merchants have set for risk.

-- +goose Up
CREATE TABLE risk_rules (
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    rules       JSON NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    updated_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (merchant_id, environment)
);

-- +goose Down
DROP TABLE risk_rules;
