-- Customers, and the cards that gateways keep for them.

-- +goose Up
CREATE TABLE customers (
    id                     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id            TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment            TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    email                  TEXT NOT NULL,
    name                   TEXT NOT NULL,
    description            TEXT NOT NULL,
    metadata               JSON,
    default_payment_method TEXT NOT NULL,
    created_at             TIMESTAMPTZ NOT NULL,
    updated_at             TIMESTAMPTZ NOT NULL
);
CREATE INDEX customers_by_scope ON customers (merchant_id, environment, id);
CREATE INDEX customers_by_email ON customers (merchant_id, environment, email, id) WHERE email <> '';

-- One customer of the hub is one customer of each gateway.
CREATE TABLE customer_references (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    gateway     TEXT NOT NULL,
    reference   TEXT NOT NULL CHECK (reference <> ''),
    created_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (customer_id, gateway)
);

CREATE TABLE payment_methods (
    id                     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id            TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment            TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    customer_id            TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    status                 TEXT    NOT NULL CHECK (status = 'pending' OR status = 'active' OR status = 'declined' OR status = 'detached'),
    gateway                TEXT    NOT NULL,
    gateway_customer       TEXT    NOT NULL,
    gateway_reference      TEXT    NOT NULL,
    network_transaction_id TEXT    NOT NULL,
    card_token             TEXT    NOT NULL,
    card_brand             TEXT    NOT NULL,
    card_bin               TEXT    NOT NULL CHECK (length(card_bin) <= 8),
    card_last4             TEXT    NOT NULL CHECK (length(card_last4) <= 4),
    card_exp_month         INTEGER NOT NULL,
    card_exp_year          INTEGER NOT NULL,
    card_fingerprint       TEXT    NOT NULL,
    refusal                JSON,
    consented_at           TIMESTAMPTZ NOT NULL,
    payment_id             TEXT    NOT NULL,
    created_at             TIMESTAMPTZ NOT NULL,
    detached_at            TIMESTAMPTZ,
    forgotten_at           TIMESTAMPTZ,
    CHECK ((status = 'active' OR status = 'detached') = (gateway_reference <> '')),
    CHECK ((status = 'declined') = (refusal IS NOT NULL)),
    CHECK ((status = 'detached') = (detached_at IS NOT NULL)),
    CHECK (forgotten_at IS NULL OR detached_at IS NOT NULL)
);
CREATE INDEX payment_methods_by_scope ON payment_methods (merchant_id, environment, status, id);
CREATE INDEX payment_methods_by_customer ON payment_methods (merchant_id, environment, customer_id, status, id);
-- a gateway's token is one method of its customer
CREATE UNIQUE INDEX payment_methods_by_token ON payment_methods (customer_id, gateway, gateway_reference)
    WHERE gateway_reference <> '';

ALTER TABLE payment_attempts ADD COLUMN saved_method TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_attempts ADD COLUMN save_method BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE payment_attempts ADD COLUMN merchant_initiated BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE payment_attempts DROP COLUMN merchant_initiated;
ALTER TABLE payment_attempts DROP COLUMN save_method;
ALTER TABLE payment_attempts DROP COLUMN saved_method;
DROP TABLE payment_methods;
DROP TABLE customer_references;
DROP TABLE customers;
