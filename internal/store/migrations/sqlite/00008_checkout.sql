-- What the hosted checkout page, the acquiring façade and risk need of a payment.

-- +goose Up
ALTER TABLE payment_intents ADD COLUMN checkout TEXT CHECK (json_valid(checkout));
ALTER TABLE payment_intents ADD COLUMN customer_reference TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_intents ADD COLUMN customer_email TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_intents ADD COLUMN shopper_email TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_intents ADD COLUMN customer_name TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_intents ADD COLUMN attempt_limit INTEGER NOT NULL DEFAULT 3 CHECK (attempt_limit >= 1);
ALTER TABLE payment_attempts ADD COLUMN card_bin TEXT NOT NULL DEFAULT '' CHECK (length(card_bin) <= 8);
ALTER TABLE payment_attempts ADD COLUMN risk TEXT CHECK (json_valid(risk));
ALTER TABLE vault_cards ADD COLUMN bin TEXT NOT NULL DEFAULT '' CHECK (length(bin) <= 8);
ALTER TABLE refunds ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- a movement's owner, which 00012 fills in
ALTER TABLE payment_transactions ADD COLUMN merchant_id TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_transactions ADD COLUMN environment TEXT NOT NULL DEFAULT '';

-- An operation's id begins with its time, by which old sightings are deleted.
CREATE TABLE risk_sightings (
    operation_id    TEXT NOT NULL PRIMARY KEY,
    merchant_id     TEXT NOT NULL,
    environment     TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    payment_id      TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    bin             TEXT NOT NULL CHECK (length(bin) <= 8),
    ip              TEXT NOT NULL,
    email           TEXT NOT NULL,
    email_by_shopper INTEGER NOT NULL CHECK (email_by_shopper IN (0, 1)),
    billing_country TEXT NOT NULL CHECK (length(billing_country) IN (0, 2)),
    name_differs    INTEGER NOT NULL CHECK (name_differs IN (0, 1)),
    created_at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX risk_sightings_by_card ON risk_sightings (merchant_id, environment, fingerprint, created_at);
CREATE INDEX risk_sightings_by_ip ON risk_sightings (merchant_id, environment, ip, created_at) WHERE ip <> '';
CREATE INDEX risk_sightings_by_email ON risk_sightings (merchant_id, environment, email, created_at) WHERE email <> '';

CREATE TABLE merchant_settings (
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    settings    TEXT CHECK (json_valid(settings)) NOT NULL,
    logo        BLOB,
    updated_at  TEXT NOT NULL,
    PRIMARY KEY (merchant_id, environment)
) STRICT;

-- +goose Down
DROP TABLE merchant_settings;
DROP TABLE risk_sightings;
ALTER TABLE payment_transactions DROP COLUMN environment;
ALTER TABLE payment_transactions DROP COLUMN merchant_id;
ALTER TABLE refunds DROP COLUMN note;
ALTER TABLE vault_cards DROP COLUMN bin;
ALTER TABLE payment_attempts DROP COLUMN risk;
ALTER TABLE payment_attempts DROP COLUMN card_bin;
ALTER TABLE payment_intents DROP COLUMN attempt_limit;
ALTER TABLE payment_intents DROP COLUMN customer_name;
ALTER TABLE payment_intents DROP COLUMN shopper_email;
ALTER TABLE payment_intents DROP COLUMN customer_email;
ALTER TABLE payment_intents DROP COLUMN customer_reference;
ALTER TABLE payment_intents DROP COLUMN checkout;
