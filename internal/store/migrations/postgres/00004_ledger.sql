-- +goose Up
CREATE TABLE ledger_accounts (
    merchant_id TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment TEXT             NOT NULL CHECK (environment IN ('sandbox', 'live')),
    currency    TEXT             NOT NULL CHECK (length(currency) = 3),
    account     TEXT             NOT NULL CHECK (account IN (
        'authorizations', 'authorization_holds', 'gateway_receivable', 'sales', 'gateway_fees', 'refunds')),
    balance     BIGINT           NOT NULL,
    PRIMARY KEY (merchant_id, environment, currency, account)
);

CREATE TABLE ledger_transactions (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id TEXT COLLATE "C" NOT NULL,
    environment TEXT             NOT NULL CHECK (environment IN ('sandbox', 'live')),
    kind        TEXT             NOT NULL CHECK (kind IN (
        'authorization_held', 'authorization_released', 'captured', 'fee_charged', 'refunded')),
    payment_id  TEXT COLLATE "C" NOT NULL REFERENCES payment_intents (id),
    source_id   TEXT COLLATE "C" NOT NULL REFERENCES payment_transactions (id),
    created_at  TIMESTAMPTZ      NOT NULL,
    UNIQUE (source_id, kind)
);

CREATE TABLE ledger_entries (
    id             TEXT COLLATE "C" NOT NULL,
    transaction_id TEXT COLLATE "C" NOT NULL REFERENCES ledger_transactions (id),
    merchant_id    TEXT COLLATE "C" NOT NULL,
    environment    TEXT             NOT NULL,
    currency       TEXT             NOT NULL,
    account        TEXT             NOT NULL,
    payment_id     TEXT COLLATE "C" NOT NULL,
    amount         BIGINT           NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (merchant_id, environment, id),
    FOREIGN KEY (merchant_id, environment, currency, account)
        REFERENCES ledger_accounts (merchant_id, environment, currency, account) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX ledger_entries_by_account ON ledger_entries (merchant_id, environment, account, id);
CREATE INDEX ledger_entries_by_currency ON ledger_entries (merchant_id, environment, currency, id);
CREATE INDEX ledger_entries_by_payment ON ledger_entries (merchant_id, environment, payment_id, id);

CREATE INDEX ledger_entries_by_transaction ON ledger_entries (transaction_id);

-- The books are append only: a correction is a new transaction.
-- +goose StatementBegin
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_transactions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- At commit, every ledger transaction sums to zero in each currency.
-- +goose StatementBegin
CREATE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger_entries WHERE transaction_id = NEW.transaction_id
               GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'ledger transaction % does not sum to zero', NEW.transaction_id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER ledger_entries_balanced AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balanced();

-- +goose Down
DROP TABLE ledger_entries;
DROP TABLE ledger_transactions;
DROP TABLE ledger_accounts;
DROP FUNCTION ledger_balanced();
DROP FUNCTION ledger_append_only();
