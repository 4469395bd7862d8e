-- +goose Up
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

CREATE TABLE ledger_entries (
    id             TEXT    NOT NULL,
    transaction_id TEXT    NOT NULL REFERENCES ledger_transactions (id),
    merchant_id    TEXT    NOT NULL,
    environment    TEXT    NOT NULL,
    currency       TEXT    NOT NULL,
    account        TEXT    NOT NULL,
    payment_id     TEXT    NOT NULL,
    amount         INTEGER NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (merchant_id, environment, id),
    FOREIGN KEY (merchant_id, environment, currency, account)
        REFERENCES ledger_accounts (merchant_id, environment, currency, account) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_entries_by_account ON ledger_entries (merchant_id, environment, account, id);
CREATE INDEX ledger_entries_by_currency ON ledger_entries (merchant_id, environment, currency, id);
CREATE INDEX ledger_entries_by_payment ON ledger_entries (merchant_id, environment, payment_id, id);

-- The books are append only: a correction is a new transaction.
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
CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE ledger_entries;
DROP TABLE ledger_transactions;
DROP TABLE ledger_accounts;
