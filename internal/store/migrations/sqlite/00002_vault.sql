-- +goose Up
CREATE TABLE vault_cards (
    token       TEXT    NOT NULL PRIMARY KEY,
    merchant_id TEXT    NOT NULL REFERENCES merchants (id),
    environment TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    key_version INTEGER NOT NULL,
    sealed      BLOB,
    sealed_cvc  BLOB,
    fingerprint TEXT    NOT NULL,
    brand       TEXT    NOT NULL,
    last4       TEXT    NOT NULL CHECK (length(last4) <= 4),
    exp_month   INTEGER NOT NULL,
    exp_year    INTEGER NOT NULL,
    created_at  TEXT    NOT NULL,
    -- a security code never outlives its card
    CHECK (sealed IS NOT NULL OR sealed_cvc IS NULL)
) STRICT;
CREATE INDEX vault_cards_with_cvc ON vault_cards (created_at) WHERE sealed_cvc IS NOT NULL;
CREATE INDEX vault_cards_with_data ON vault_cards (created_at) WHERE sealed IS NOT NULL;

-- +goose Down
DROP TABLE vault_cards;
