-- Disputes, what gateways tell unasked, and the postings that both bring.

-- +goose Up
-- Large tables get an index and their rows are checked again: the limit that a
-- session has for the hub's statements is not made for that.
SET LOCAL statement_timeout = 0;

CREATE TABLE disputes (
    id                TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id       TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment       TEXT             NOT NULL CHECK (environment IN ('sandbox', 'live')),
    payment_id        TEXT COLLATE "C" NOT NULL REFERENCES payment_intents (id),
    gateway           TEXT             NOT NULL,
    gateway_reference TEXT             NOT NULL CHECK (gateway_reference <> ''),
    amount            BIGINT           NOT NULL CHECK (amount >= 1),
    currency          TEXT             NOT NULL CHECK (length(currency) = 3),
    reason            TEXT             NOT NULL,
    status            TEXT             NOT NULL CHECK (status IN (
        'inquiry', 'inquiry_closed', 'needs_response', 'under_review', 'won', 'lost')),
    withdrawn         BOOLEAN          NOT NULL,
    reinstated        BOOLEAN          NOT NULL,
    respond_by        TIMESTAMPTZ,
    created_at        TIMESTAMPTZ      NOT NULL,
    updated_at        TIMESTAMPTZ      NOT NULL,
    due_at            TIMESTAMPTZ,
    version           BIGINT           NOT NULL CHECK (version >= 1),
    UNIQUE (environment, gateway, gateway_reference),
    -- only what was taken is given back
    CHECK (withdrawn >= reinstated)
);
CREATE INDEX disputes_by_scope ON disputes (merchant_id, environment, id);
CREATE INDEX disputes_by_payment ON disputes (merchant_id, environment, payment_id, id);
CREATE INDEX disputes_by_status ON disputes (merchant_id, environment, status, id);
CREATE INDEX disputes_due ON disputes (due_at, id) WHERE due_at IS NOT NULL;

CREATE TABLE gateway_notifications (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    environment TEXT             NOT NULL CHECK (environment IN ('sandbox', 'live')),
    gateway     TEXT             NOT NULL,
    event_id    TEXT             NOT NULL CHECK (event_id <> ''),
    type        TEXT             NOT NULL,
    notice      JSON             NOT NULL,
    key_version INTEGER          NOT NULL,
    sealed      BYTEA            NOT NULL,
    status      TEXT             NOT NULL CHECK (status IN ('received', 'applied', 'ignored', 'raised', 'closed')),
    why         TEXT             NOT NULL,
    merchant_id TEXT COLLATE "C" NOT NULL, -- empty until the payment is found
    payment_id  TEXT COLLATE "C" NOT NULL, -- the same
    received_at TIMESTAMPTZ      NOT NULL,
    updated_at  TIMESTAMPTZ      NOT NULL,
    due_at      TIMESTAMPTZ,
    UNIQUE (environment, gateway, event_id),
    -- one that is not applied yet is always found again
    CHECK ((status = 'received') = (due_at IS NOT NULL))
);
CREATE INDEX gateway_notifications_due ON gateway_notifications (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX gateway_notifications_by_status ON gateway_notifications (status, id);
CREATE INDEX gateway_notifications_by_payment ON gateway_notifications (payment_id, id) WHERE payment_id <> '';
CREATE INDEX gateway_notifications_done ON gateway_notifications (received_at) WHERE status <> 'received' AND status <> 'raised';

-- what an operator must look at
CREATE INDEX payment_intents_attention ON payment_intents (id) WHERE attention <> '';
CREATE INDEX refunds_attention ON refunds (id) WHERE attention <> '';

ALTER TABLE refunds ADD COLUMN reversed_at TIMESTAMPTZ;
CREATE INDEX payment_attempts_by_reference ON payment_attempts (gateway, gateway_reference, payment_id)
    WHERE gateway_reference <> '';

ALTER TABLE ledger_accounts
    DROP CONSTRAINT ledger_accounts_account_check,
    ADD CONSTRAINT ledger_accounts_account_check CHECK (account IN (
        'authorizations', 'authorization_holds', 'gateway_receivable', 'sales', 'gateway_fees', 'refunds', 'disputes'));
ALTER TABLE ledger_transactions
    DROP CONSTRAINT ledger_transactions_source_id_fkey, -- a payment transaction or a dispute from now on
    DROP CONSTRAINT ledger_transactions_kind_check,
    ADD CONSTRAINT ledger_transactions_kind_check CHECK (kind IN (
        'authorization_held', 'authorization_released', 'captured', 'fee_charged', 'refunded', 'refund_reversed',
        'dispute_withdrawn', 'dispute_reinstated', 'dispute_fee_charged'));

-- A foreign key to one of two tables: their rows are never deleted.
-- +goose StatementBegin
CREATE FUNCTION ledger_sourced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM payment_transactions WHERE id = NEW.source_id AND payment_id = NEW.payment_id)
        AND NOT EXISTS (SELECT FROM disputes WHERE id = NEW.source_id AND payment_id = NEW.payment_id) THEN
        RAISE EXCEPTION 'the payment has no such source of a ledger transaction';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_transactions_have_source BEFORE INSERT ON ledger_transactions
    FOR EACH ROW EXECUTE FUNCTION ledger_sourced();

-- Books that hold a reversed refund or a dispute do not go back: the old
-- constraints refuse those rows, and nothing has changed then.
-- +goose Down
SET LOCAL statement_timeout = 0;

DROP TRIGGER ledger_transactions_have_source ON ledger_transactions;
DROP FUNCTION ledger_sourced();
ALTER TABLE ledger_transactions
    DROP CONSTRAINT ledger_transactions_kind_check,
    ADD CONSTRAINT ledger_transactions_kind_check CHECK (kind IN (
        'authorization_held', 'authorization_released', 'captured', 'fee_charged', 'refunded')),
    ADD CONSTRAINT ledger_transactions_source_id_fkey FOREIGN KEY (source_id) REFERENCES payment_transactions (id);
ALTER TABLE ledger_accounts
    DROP CONSTRAINT ledger_accounts_account_check,
    ADD CONSTRAINT ledger_accounts_account_check CHECK (account IN (
        'authorizations', 'authorization_holds', 'gateway_receivable', 'sales', 'gateway_fees', 'refunds'));

DROP INDEX payment_attempts_by_reference;
DROP INDEX refunds_attention;
DROP INDEX payment_intents_attention;
ALTER TABLE refunds DROP COLUMN reversed_at;
DROP TABLE gateway_notifications;
DROP TABLE disputes;
