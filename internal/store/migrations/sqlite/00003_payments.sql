-- +goose Up
CREATE TABLE payment_intents (
    id                    TEXT    NOT NULL PRIMARY KEY,
    merchant_id           TEXT    NOT NULL REFERENCES merchants (id),
    environment           TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    status                TEXT    NOT NULL CHECK (
        status = 'requires_confirmation' OR status = 'requires_payment_method'
        OR status = 'requires_action' OR status = 'processing' OR status = 'requires_capture'
        OR status = 'succeeded' OR status = 'failed' OR status = 'canceled' OR status = 'expired'),
    amount                INTEGER NOT NULL CHECK (amount >= 1),
    currency              TEXT    NOT NULL CHECK (length(currency) = 3),
    capture_method        TEXT    NOT NULL CHECK (capture_method IN ('automatic', 'manual')),
    amount_capturable     INTEGER NOT NULL CHECK (amount_capturable >= 0),
    amount_captured       INTEGER NOT NULL CHECK (amount_captured >= 0),
    amount_refunded       INTEGER NOT NULL CHECK (amount_refunded >= 0),
    amount_refund_pending INTEGER NOT NULL CHECK (amount_refund_pending >= 0),
    customer_id           TEXT    NOT NULL,
    routing               TEXT    NOT NULL,
    gateway               TEXT    NOT NULL,
    return_url            TEXT    NOT NULL,
    description           TEXT    NOT NULL,
    statement_descriptor  TEXT    NOT NULL,
    metadata              TEXT    CHECK (json_valid(metadata)),
    attempts              INTEGER NOT NULL CHECK (attempts >= 0),
    current_attempt_id    TEXT    NOT NULL,
    pending_transaction   TEXT    NOT NULL,
    operations            INTEGER NOT NULL CHECK (operations >= 0),
    redirect_url          TEXT    NOT NULL,
    last_error            TEXT    CHECK (json_valid(last_error)),
    cancellation_reason   TEXT    NOT NULL,
    canceled_by           TEXT    NOT NULL,
    attention             TEXT    NOT NULL,
    settled_amount        INTEGER,
    settled_currency      TEXT    NOT NULL CHECK (length(settled_currency) IN (0, 3)),
    created_at            TEXT    NOT NULL,
    updated_at            TEXT    NOT NULL,
    expires_at            TEXT    NOT NULL,
    authorized_until      TEXT,
    due_at                TEXT,
    version               INTEGER NOT NULL CHECK (version >= 1),
    CHECK (amount_captured + amount_capturable <= amount),
    CHECK (amount_refunded + amount_refund_pending <= amount_captured)
) STRICT;
CREATE INDEX payment_intents_by_scope ON payment_intents (merchant_id, environment, id);
CREATE INDEX payment_intents_by_status ON payment_intents (merchant_id, environment, status, id);
CREATE INDEX payment_intents_by_customer ON payment_intents (merchant_id, environment, customer_id, id) WHERE customer_id <> '';
CREATE INDEX payment_intents_by_creation ON payment_intents (merchant_id, environment, created_at);
CREATE INDEX payment_intents_due ON payment_intents (due_at, id) WHERE due_at IS NOT NULL;

CREATE TABLE payment_attempts (
    id                TEXT    NOT NULL PRIMARY KEY,
    payment_id        TEXT    NOT NULL REFERENCES payment_intents (id),
    number            INTEGER NOT NULL CHECK (number >= 1),
    gateway           TEXT    NOT NULL,
    status            TEXT    NOT NULL CHECK (
        status = 'pending' OR status = 'requires_action' OR status = 'authorized' OR status = 'captured'
        OR status = 'declined' OR status = 'voided'),
    card_token        TEXT    NOT NULL,
    card_brand        TEXT    NOT NULL,
    card_last4        TEXT    NOT NULL CHECK (length(card_last4) <= 4),
    card_exp_month    INTEGER NOT NULL,
    card_exp_year     INTEGER NOT NULL,
    card_fingerprint  TEXT    NOT NULL,
    return_url        TEXT    NOT NULL,
    gateway_reference TEXT    NOT NULL,
    auth_code         TEXT    NOT NULL,
    response_code     TEXT    NOT NULL,
    decline           TEXT    CHECK (json_valid(decline)),
    created_at        TEXT    NOT NULL,
    updated_at        TEXT    NOT NULL,
    UNIQUE (payment_id, number)
) STRICT;

CREATE TABLE refunds (
    id             TEXT    NOT NULL PRIMARY KEY,
    merchant_id    TEXT    NOT NULL REFERENCES merchants (id),
    environment    TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    payment_id     TEXT    NOT NULL REFERENCES payment_intents (id),
    transaction_id TEXT    NOT NULL UNIQUE,
    amount         INTEGER NOT NULL CHECK (amount >= 1),
    currency       TEXT    NOT NULL CHECK (length(currency) = 3),
    reason         TEXT    NOT NULL,
    status         TEXT    NOT NULL CHECK (
        status = 'pending' OR status = 'succeeded' OR status = 'failed'),
    failure        TEXT    CHECK (json_valid(failure)),
    attention      TEXT    NOT NULL,
    created_at     TEXT    NOT NULL,
    updated_at     TEXT    NOT NULL,
    due_at         TEXT,
    version        INTEGER NOT NULL CHECK (version >= 1)
) STRICT;
CREATE INDEX refunds_by_scope ON refunds (merchant_id, environment, id);
CREATE INDEX refunds_by_payment ON refunds (merchant_id, environment, payment_id, id);
CREATE INDEX refunds_due ON refunds (due_at, id) WHERE due_at IS NOT NULL;

CREATE TABLE payment_transactions (
    id                TEXT    NOT NULL PRIMARY KEY,
    payment_id        TEXT    NOT NULL REFERENCES payment_intents (id),
    attempt_id        TEXT    NOT NULL REFERENCES payment_attempts (id),
    refund_id         TEXT    REFERENCES refunds (id),
    kind              TEXT    NOT NULL CHECK (
        kind = 'authorization' OR kind = 'sale' OR kind = 'capture' OR kind = 'void' OR kind = 'refund'),
    status            TEXT    NOT NULL CHECK (
        status = 'pending' OR status = 'succeeded' OR status = 'declined'),
    amount            INTEGER NOT NULL CHECK (amount >= 1),
    currency          TEXT    NOT NULL CHECK (length(currency) = 3),
    gateway           TEXT    NOT NULL,
    gateway_reference TEXT    NOT NULL,
    idempotency_key   TEXT    NOT NULL UNIQUE,
    reason            TEXT    NOT NULL,
    decline           TEXT    CHECK (json_valid(decline)),
    absent_at         TEXT,
    created_at        TEXT    NOT NULL,
    updated_at        TEXT    NOT NULL,
    CHECK ((kind = 'refund') = (refund_id IS NOT NULL))
) STRICT;
CREATE INDEX payment_transactions_by_payment ON payment_transactions (payment_id);
-- a payment is captured at most once
CREATE UNIQUE INDEX payment_transactions_one_capture ON payment_transactions (payment_id)
    WHERE status = 'succeeded' AND kind IN ('sale', 'capture');

-- +goose Down
DROP TABLE payment_transactions;
DROP TABLE refunds;
DROP TABLE payment_attempts;
DROP TABLE payment_intents;
