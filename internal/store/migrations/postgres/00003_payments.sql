-- +goose Up
CREATE TABLE payment_intents (
    id                    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id           TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment           TEXT             NOT NULL CHECK (environment IN ('sandbox', 'live')),
    status                TEXT             NOT NULL CHECK (status IN (
        'requires_confirmation', 'requires_payment_method', 'requires_action', 'processing',
        'requires_capture', 'succeeded', 'failed', 'canceled', 'expired')),
    amount                BIGINT           NOT NULL CHECK (amount >= 1),
    currency              TEXT             NOT NULL CHECK (length(currency) = 3),
    capture_method        TEXT             NOT NULL CHECK (capture_method IN ('automatic', 'manual')),
    amount_capturable     BIGINT           NOT NULL CHECK (amount_capturable >= 0),
    amount_captured       BIGINT           NOT NULL CHECK (amount_captured >= 0),
    amount_refunded       BIGINT           NOT NULL CHECK (amount_refunded >= 0),
    amount_refund_pending BIGINT           NOT NULL CHECK (amount_refund_pending >= 0),
    customer_id           TEXT COLLATE "C" NOT NULL,
    routing               TEXT             NOT NULL,
    gateway               TEXT             NOT NULL,
    return_url            TEXT             NOT NULL,
    description           TEXT             NOT NULL,
    statement_descriptor  TEXT             NOT NULL,
    metadata              JSON,
    attempts              INTEGER          NOT NULL CHECK (attempts >= 0),
    current_attempt_id    TEXT             NOT NULL,
    pending_transaction   TEXT             NOT NULL,
    operations            INTEGER          NOT NULL CHECK (operations >= 0),
    redirect_url          TEXT             NOT NULL,
    last_error            JSON,
    cancellation_reason   TEXT             NOT NULL,
    canceled_by           TEXT             NOT NULL,
    attention             TEXT             NOT NULL,
    settled_amount        BIGINT,
    settled_currency      TEXT             NOT NULL CHECK (length(settled_currency) IN (0, 3)),
    created_at            TIMESTAMPTZ      NOT NULL,
    updated_at            TIMESTAMPTZ      NOT NULL,
    expires_at            TIMESTAMPTZ      NOT NULL,
    authorized_until      TIMESTAMPTZ,
    due_at                TIMESTAMPTZ,
    version               BIGINT           NOT NULL CHECK (version >= 1),
    CHECK (amount_captured + amount_capturable <= amount),
    CHECK (amount_refunded + amount_refund_pending <= amount_captured)
);
CREATE INDEX payment_intents_by_scope ON payment_intents (merchant_id, environment, id);
CREATE INDEX payment_intents_by_status ON payment_intents (merchant_id, environment, status, id);
CREATE INDEX payment_intents_by_customer ON payment_intents (merchant_id, environment, customer_id, id) WHERE customer_id <> '';
CREATE INDEX payment_intents_by_creation ON payment_intents (merchant_id, environment, created_at);
CREATE INDEX payment_intents_due ON payment_intents (due_at, id) WHERE due_at IS NOT NULL;

CREATE TABLE payment_attempts (
    id                TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    payment_id        TEXT COLLATE "C" NOT NULL REFERENCES payment_intents (id),
    number            INTEGER          NOT NULL CHECK (number >= 1),
    gateway           TEXT             NOT NULL,
    status            TEXT             NOT NULL CHECK (status IN (
        'pending', 'requires_action', 'authorized', 'captured', 'declined', 'voided')),
    card_token        TEXT             NOT NULL,
    card_brand        TEXT             NOT NULL,
    card_last4        TEXT             NOT NULL CHECK (length(card_last4) <= 4),
    card_exp_month    INTEGER          NOT NULL,
    card_exp_year     INTEGER          NOT NULL,
    card_fingerprint  TEXT             NOT NULL,
    return_url        TEXT             NOT NULL,
    gateway_reference TEXT             NOT NULL,
    auth_code         TEXT             NOT NULL,
    response_code     TEXT             NOT NULL,
    decline           JSON,
    created_at        TIMESTAMPTZ      NOT NULL,
    updated_at        TIMESTAMPTZ      NOT NULL,
    UNIQUE (payment_id, number)
);

CREATE TABLE refunds (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id    TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment    TEXT             NOT NULL CHECK (environment IN ('sandbox', 'live')),
    payment_id     TEXT COLLATE "C" NOT NULL REFERENCES payment_intents (id),
    transaction_id TEXT COLLATE "C" NOT NULL UNIQUE,
    amount         BIGINT           NOT NULL CHECK (amount >= 1),
    currency       TEXT             NOT NULL CHECK (length(currency) = 3),
    reason         TEXT             NOT NULL,
    status         TEXT             NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    failure        JSON,
    attention      TEXT             NOT NULL,
    created_at     TIMESTAMPTZ      NOT NULL,
    updated_at     TIMESTAMPTZ      NOT NULL,
    due_at         TIMESTAMPTZ,
    version        BIGINT           NOT NULL CHECK (version >= 1)
);
CREATE INDEX refunds_by_scope ON refunds (merchant_id, environment, id);
CREATE INDEX refunds_by_payment ON refunds (merchant_id, environment, payment_id, id);
CREATE INDEX refunds_due ON refunds (due_at, id) WHERE due_at IS NOT NULL;

CREATE TABLE payment_transactions (
    id                TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    payment_id        TEXT COLLATE "C" NOT NULL REFERENCES payment_intents (id),
    attempt_id        TEXT COLLATE "C" NOT NULL REFERENCES payment_attempts (id),
    refund_id         TEXT COLLATE "C" REFERENCES refunds (id),
    kind              TEXT             NOT NULL CHECK (kind IN ('authorization', 'sale', 'capture', 'void', 'refund')),
    status            TEXT             NOT NULL CHECK (status IN ('pending', 'succeeded', 'declined')),
    amount            BIGINT           NOT NULL CHECK (amount >= 1),
    currency          TEXT             NOT NULL CHECK (length(currency) = 3),
    gateway           TEXT             NOT NULL,
    gateway_reference TEXT             NOT NULL,
    idempotency_key   TEXT             NOT NULL UNIQUE,
    reason            TEXT             NOT NULL,
    decline           JSON,
    absent_at         TIMESTAMPTZ,
    created_at        TIMESTAMPTZ      NOT NULL,
    updated_at        TIMESTAMPTZ      NOT NULL,
    CHECK ((kind = 'refund') = (refund_id IS NOT NULL))
);
CREATE INDEX payment_transactions_by_payment ON payment_transactions (payment_id);
-- a payment is captured at most once
CREATE UNIQUE INDEX payment_transactions_one_capture ON payment_transactions (payment_id)
    WHERE status = 'succeeded' AND kind IN ('sale', 'capture');

-- +goose Down
DROP TABLE payment_transactions;
DROP TABLE refunds;
DROP TABLE payment_attempts;
DROP TABLE payment_intents;
