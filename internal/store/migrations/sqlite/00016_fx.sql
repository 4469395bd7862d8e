-- Exchange rates that operators set, quotes of them, and the postings of payments
-- that are settled in another currency. 00007 says why and how tables are made anew.

-- +goose Up
CREATE TABLE fx_rates (
    id            TEXT NOT NULL PRIMARY KEY,
    from_currency TEXT NOT NULL CHECK (length(from_currency) = 3),
    to_currency   TEXT NOT NULL CHECK (length(to_currency) = 3),
    rate          TEXT NOT NULL CHECK (rate <> ''),
    set_by        TEXT NOT NULL CHECK (set_by <> ''),
    set_at        TEXT NOT NULL,
    CHECK (from_currency <> to_currency)
) STRICT;
CREATE INDEX fx_rates_by_pair ON fx_rates (from_currency, to_currency, id);

CREATE TABLE fx_quotes (
    id            TEXT    NOT NULL PRIMARY KEY,
    merchant_id   TEXT    NOT NULL REFERENCES merchants (id),
    environment   TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    from_currency TEXT    NOT NULL CHECK (length(from_currency) = 3),
    to_currency   TEXT    NOT NULL CHECK (length(to_currency) = 3),
    rate          TEXT    NOT NULL CHECK (rate <> ''),
    mid_rate      TEXT    NOT NULL CHECK (mid_rate <> ''),
    margin_bps    INTEGER NOT NULL CHECK (margin_bps >= 0 AND margin_bps < 10000),
    source        TEXT    NOT NULL,
    rates_as_of   TEXT    NOT NULL,
    from_amount   INTEGER NOT NULL CHECK (from_amount >= 0), -- 0: for any
    to_amount     INTEGER NOT NULL CHECK (to_amount >= 0),
    payment_id    TEXT    NOT NULL, -- that used one with amounts
    created_at    TEXT    NOT NULL,
    expires_at    TEXT    NOT NULL,
    CHECK (from_currency <> to_currency),
    CHECK ((from_amount = 0) = (to_amount = 0)),
    CHECK (payment_id = '' OR from_amount > 0)
) STRICT;

ALTER TABLE payment_intents ADD COLUMN conversion TEXT CHECK (json_valid(conversion));
ALTER TABLE refunds ADD COLUMN exchange TEXT CHECK (json_valid(exchange));

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
        OR account = 'sales' OR account = 'gateway_fees' OR account = 'refunds' OR account = 'disputes'
        OR account = 'fx_clearing' OR account = 'fx_gain_loss'),
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
        OR kind = 'dispute_withdrawn' OR kind = 'dispute_reinstated' OR kind = 'dispute_fee_charged'
        OR kind = 'converted' OR kind = 'conversion_settled' OR kind = 'refund_converted'
        OR kind = 'refund_conversion_reversed' OR kind = 'dispute_converted' OR kind = 'dispute_conversion_reversed'),
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
-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_have_source BEFORE INSERT ON ledger_transactions
WHEN NOT EXISTS (SELECT 1 FROM payment_transactions WHERE id = NEW.source_id AND payment_id = NEW.payment_id)
    AND NOT EXISTS (SELECT 1 FROM disputes WHERE id = NEW.source_id AND payment_id = NEW.payment_id)
BEGIN
    SELECT RAISE(ABORT, 'the payment has no such source of a ledger transaction');
END;
-- +goose StatementEnd

-- Books that hold a conversion do not go back: the old tables refuse those rows, and
-- nothing has changed then.
-- +goose Down
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
-- +goose StatementBegin
CREATE TRIGGER ledger_transactions_have_source BEFORE INSERT ON ledger_transactions
WHEN NOT EXISTS (SELECT 1 FROM payment_transactions WHERE id = NEW.source_id AND payment_id = NEW.payment_id)
    AND NOT EXISTS (SELECT 1 FROM disputes WHERE id = NEW.source_id AND payment_id = NEW.payment_id)
BEGIN
    SELECT RAISE(ABORT, 'the payment has no such source of a ledger transaction');
END;
-- +goose StatementEnd

ALTER TABLE refunds DROP COLUMN exchange;
ALTER TABLE payment_intents DROP COLUMN conversion;
DROP TABLE fx_quotes;
DROP TABLE fx_rates;
