-- Disputes, what gateways tell unasked, and the postings that both bring.
--
-- SQLite cannot change a CHECK, so two tables of the books are made anew: their
-- rows wait in a temporary table while the old one makes room for the new one of
-- the same name. All of it is goose's one transaction: a crash at any moment
-- leaves the old schema with all of its rows. Foreign keys stay on and are only
-- deferred: the commit fails unless every entry has its account and transaction
-- again. (With foreign_keys = OFF, which no transaction may set, a crash could
-- come between the change and goose's note of it. Editing sqlite_schema copies
-- nothing, but nothing checks it either, and a slip breaks the file for good.)

-- +goose Up
CREATE TABLE disputes (
    id                TEXT    NOT NULL PRIMARY KEY,
    merchant_id       TEXT    NOT NULL REFERENCES merchants (id),
    environment       TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    payment_id        TEXT    NOT NULL REFERENCES payment_intents (id),
    gateway           TEXT    NOT NULL,
    gateway_reference TEXT    NOT NULL CHECK (gateway_reference <> ''),
    amount            INTEGER NOT NULL CHECK (amount >= 1),
    currency          TEXT    NOT NULL CHECK (length(currency) = 3),
    reason            TEXT    NOT NULL,
    status            TEXT    NOT NULL CHECK (
        status = 'inquiry' OR status = 'inquiry_closed' OR status = 'needs_response'
        OR status = 'under_review' OR status = 'won' OR status = 'lost'),
    withdrawn         INTEGER NOT NULL CHECK (withdrawn IN (0, 1)),
    reinstated        INTEGER NOT NULL CHECK (reinstated IN (0, 1)),
    respond_by        TEXT,
    created_at        TEXT    NOT NULL,
    updated_at        TEXT    NOT NULL,
    due_at            TEXT,
    version           INTEGER NOT NULL CHECK (version >= 1),
    UNIQUE (environment, gateway, gateway_reference),
    -- only what was taken is given back
    CHECK (withdrawn >= reinstated)
) STRICT;
CREATE INDEX disputes_by_scope ON disputes (merchant_id, environment, id);
CREATE INDEX disputes_by_payment ON disputes (merchant_id, environment, payment_id, id);
CREATE INDEX disputes_by_status ON disputes (merchant_id, environment, status, id);
CREATE INDEX disputes_due ON disputes (due_at, id) WHERE due_at IS NOT NULL;

CREATE TABLE gateway_notifications (
    id          TEXT    NOT NULL PRIMARY KEY,
    environment TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    gateway     TEXT    NOT NULL,
    event_id    TEXT    NOT NULL CHECK (event_id <> ''),
    type        TEXT    NOT NULL,
    notice      TEXT    NOT NULL CHECK (json_valid(notice)),
    key_version INTEGER NOT NULL,
    sealed      BLOB    NOT NULL,
    status      TEXT    NOT NULL CHECK (
        status = 'received' OR status = 'applied' OR status = 'ignored' OR status = 'raised' OR status = 'closed'),
    why         TEXT    NOT NULL,
    merchant_id TEXT    NOT NULL, -- empty until the payment is found
    payment_id  TEXT    NOT NULL, -- the same
    received_at TEXT    NOT NULL,
    updated_at  TEXT    NOT NULL,
    due_at      TEXT,
    UNIQUE (environment, gateway, event_id),
    -- one that is not applied yet is always found again
    CHECK ((status = 'received') = (due_at IS NOT NULL))
) STRICT;
CREATE INDEX gateway_notifications_due ON gateway_notifications (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX gateway_notifications_by_status ON gateway_notifications (status, id);
CREATE INDEX gateway_notifications_by_payment ON gateway_notifications (payment_id, id) WHERE payment_id <> '';
CREATE INDEX gateway_notifications_done ON gateway_notifications (received_at) WHERE status <> 'received' AND status <> 'raised';

-- what an operator must look at
CREATE INDEX payment_intents_attention ON payment_intents (id) WHERE attention <> '';
CREATE INDEX refunds_attention ON refunds (id) WHERE attention <> '';

ALTER TABLE refunds ADD COLUMN reversed_at TEXT;
CREATE INDEX payment_attempts_by_reference ON payment_attempts (gateway, gateway_reference, payment_id)
    WHERE gateway_reference <> '';

PRAGMA defer_foreign_keys = ON;
-- for the time of the move: a transaction that goes or comes looks for its entries
CREATE INDEX ledger_entries_by_transaction ON ledger_entries (transaction_id);

CREATE TEMPORARY TABLE kept_accounts AS SELECT * FROM ledger_accounts;
DROP TABLE ledger_accounts;
CREATE TABLE ledger_accounts (
    merchant_id TEXT    NOT NULL REFERENCES merchants (id),
    environment TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    currency    TEXT    NOT NULL CHECK (length(currency) = 3),
    account     TEXT    NOT NULL CHECK (
        account = 'authorizations' OR account = 'authorization_holds' OR account = 'gateway_receivable'
        OR account = 'sales' OR account = 'gateway_fees' OR account = 'refunds' OR account = 'disputes'),
    balance     INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, environment, currency, account)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_accounts (merchant_id, environment, currency, account, balance)
    SELECT merchant_id, environment, currency, account, balance FROM kept_accounts;
DROP TABLE kept_accounts;

CREATE TEMPORARY TABLE kept_transactions AS SELECT * FROM ledger_transactions;
DROP TABLE ledger_transactions;
CREATE TABLE ledger_transactions (
    id          TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    kind        TEXT NOT NULL CHECK (
        kind = 'authorization_held' OR kind = 'authorization_released' OR kind = 'captured'
        OR kind = 'fee_charged' OR kind = 'refunded' OR kind = 'refund_reversed'
        OR kind = 'dispute_withdrawn' OR kind = 'dispute_reinstated' OR kind = 'dispute_fee_charged'),
    payment_id  TEXT NOT NULL REFERENCES payment_intents (id),
    source_id   TEXT NOT NULL, -- a payment transaction or a dispute
    created_at  TEXT NOT NULL,
    UNIQUE (source_id, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_transactions (id, merchant_id, environment, kind, payment_id, source_id, created_at)
    SELECT id, merchant_id, environment, kind, payment_id, source_id, created_at FROM kept_transactions ORDER BY id;
DROP TABLE kept_transactions;
DROP INDEX ledger_entries_by_transaction;

-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_no_update BEFORE UPDATE ON ledger_transactions
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_no_delete BEFORE DELETE ON ledger_transactions
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append only');
END;
-- +goose StatementEnd
-- A foreign key to one of two tables: their rows are never deleted.
-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_have_source BEFORE INSERT ON ledger_transactions
WHEN NOT EXISTS (SELECT 1 FROM payment_transactions WHERE id = NEW.source_id AND payment_id = NEW.payment_id)
    AND NOT EXISTS (SELECT 1 FROM disputes WHERE id = NEW.source_id AND payment_id = NEW.payment_id)
BEGIN
    SELECT RAISE(ABORT, 'the payment has no such source of a ledger transaction');
END;
-- +goose StatementEnd

-- Books that hold a reversed refund or a dispute do not go back: the old tables
-- refuse those rows, and nothing has changed then.
-- +goose Down
PRAGMA defer_foreign_keys = ON;
CREATE INDEX ledger_entries_by_transaction ON ledger_entries (transaction_id);

CREATE TEMPORARY TABLE kept_accounts AS SELECT * FROM ledger_accounts;
DROP TABLE ledger_accounts;
CREATE TABLE ledger_accounts (
    merchant_id TEXT    NOT NULL REFERENCES merchants (id),
    environment TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    currency    TEXT    NOT NULL CHECK (length(currency) = 3),
    account     TEXT    NOT NULL CHECK (
        account = 'authorizations' OR account = 'authorization_holds' OR account = 'gateway_receivable'
        OR account = 'sales' OR account = 'gateway_fees' OR account = 'refunds'),
    balance     INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, environment, currency, account)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_accounts (merchant_id, environment, currency, account, balance)
    SELECT merchant_id, environment, currency, account, balance FROM kept_accounts;
DROP TABLE kept_accounts;

CREATE TEMPORARY TABLE kept_transactions AS SELECT * FROM ledger_transactions;
DROP TABLE ledger_transactions;
CREATE TABLE ledger_transactions (
    id          TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    kind        TEXT NOT NULL CHECK (
        kind = 'authorization_held' OR kind = 'authorization_released' OR kind = 'captured'
        OR kind = 'fee_charged' OR kind = 'refunded'),
    payment_id  TEXT NOT NULL REFERENCES payment_intents (id),
    source_id   TEXT NOT NULL REFERENCES payment_transactions (id),
    created_at  TEXT NOT NULL,
    UNIQUE (source_id, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_transactions (id, merchant_id, environment, kind, payment_id, source_id, created_at)
    SELECT id, merchant_id, environment, kind, payment_id, source_id, created_at FROM kept_transactions ORDER BY id;
DROP TABLE kept_transactions;
DROP INDEX ledger_entries_by_transaction;

-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_no_update BEFORE UPDATE ON ledger_transactions
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_no_delete BEFORE DELETE ON ledger_transactions
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append only');
END;
-- +goose StatementEnd

DROP INDEX payment_attempts_by_reference;
DROP INDEX refunds_attention;
DROP INDEX payment_intents_attention;
ALTER TABLE refunds DROP COLUMN reversed_at;
DROP TABLE gateway_notifications;
DROP TABLE disputes;
