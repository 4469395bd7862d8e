-- +goose NO TRANSACTION
-- Exchange rates that operators set, quotes of them, and the postings of payments
-- that are settled in another currency.
--
-- The books may be large and the hub at work: what they may hold is widened in a
-- moment, and rows that are there are checked afterwards under a lock that lets others
-- write. Each statement is a transaction of its own: after a crash, all are run again.

-- +goose Up
CREATE TABLE IF NOT EXISTS fx_rates (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    from_currency TEXT             NOT NULL CHECK (length(from_currency) = 3),
    to_currency   TEXT             NOT NULL CHECK (length(to_currency) = 3),
    rate          TEXT             NOT NULL CHECK (rate <> ''),
    set_by        TEXT             NOT NULL CHECK (set_by <> ''),
    set_at        TIMESTAMPTZ      NOT NULL,
    CHECK (from_currency <> to_currency)
);
CREATE INDEX IF NOT EXISTS fx_rates_by_pair ON fx_rates (from_currency, to_currency, id);

CREATE TABLE IF NOT EXISTS fx_quotes (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id   TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment   TEXT             NOT NULL CHECK (environment IN ('sandbox', 'live')),
    from_currency TEXT             NOT NULL CHECK (length(from_currency) = 3),
    to_currency   TEXT             NOT NULL CHECK (length(to_currency) = 3),
    rate          TEXT             NOT NULL CHECK (rate <> ''),
    mid_rate      TEXT             NOT NULL CHECK (mid_rate <> ''),
    margin_bps    BIGINT           NOT NULL CHECK (margin_bps >= 0 AND margin_bps < 10000),
    source        TEXT             NOT NULL,
    rates_as_of   TIMESTAMPTZ      NOT NULL,
    from_amount   BIGINT           NOT NULL CHECK (from_amount >= 0), -- 0: for any
    to_amount     BIGINT           NOT NULL CHECK (to_amount >= 0),
    payment_id    TEXT COLLATE "C" NOT NULL, -- that used one with amounts
    created_at    TIMESTAMPTZ      NOT NULL,
    expires_at    TIMESTAMPTZ      NOT NULL,
    CHECK (from_currency <> to_currency),
    CHECK ((from_amount = 0) = (to_amount = 0)),
    CHECK (payment_id = '' OR from_amount > 0)
);

ALTER TABLE payment_intents ADD COLUMN IF NOT EXISTS conversion JSON;
ALTER TABLE refunds ADD COLUMN IF NOT EXISTS exchange JSON;

ALTER TABLE ledger_accounts
    DROP CONSTRAINT IF EXISTS ledger_accounts_account_check,
    ADD CONSTRAINT ledger_accounts_account_check CHECK (account IN (
        'authorizations', 'authorization_holds', 'gateway_receivable', 'sales', 'gateway_fees', 'refunds', 'disputes',
        'fx_clearing', 'fx_gain_loss')) NOT VALID;
ALTER TABLE ledger_transactions
    DROP CONSTRAINT IF EXISTS ledger_transactions_kind_check,
    ADD CONSTRAINT ledger_transactions_kind_check CHECK (kind IN (
        'authorization_held', 'authorization_released', 'captured', 'fee_charged', 'refunded', 'refund_reversed',
        'dispute_withdrawn', 'dispute_reinstated', 'dispute_fee_charged',
        'converted', 'conversion_settled', 'refund_converted', 'refund_conversion_reversed',
        'dispute_converted', 'dispute_conversion_reversed')) NOT VALID;

ALTER TABLE ledger_accounts VALIDATE CONSTRAINT ledger_accounts_account_check;
ALTER TABLE ledger_transactions VALIDATE CONSTRAINT ledger_transactions_kind_check;

-- Books that hold a conversion do not go back: the first statement refuses their
-- accounts, and nothing has changed then. It reads the accounts under its lock, so that
-- none comes meanwhile; they are few, unlike the transactions, none of which is a
-- conversion where no such account is.
-- +goose Down
ALTER TABLE ledger_accounts
    DROP CONSTRAINT IF EXISTS ledger_accounts_account_check,
    ADD CONSTRAINT ledger_accounts_account_check CHECK (account IN (
        'authorizations', 'authorization_holds', 'gateway_receivable', 'sales', 'gateway_fees', 'refunds', 'disputes'));
ALTER TABLE ledger_transactions
    DROP CONSTRAINT IF EXISTS ledger_transactions_kind_check,
    ADD CONSTRAINT ledger_transactions_kind_check CHECK (kind IN (
        'authorization_held', 'authorization_released', 'captured', 'fee_charged', 'refunded', 'refund_reversed',
        'dispute_withdrawn', 'dispute_reinstated', 'dispute_fee_charged')) NOT VALID;
ALTER TABLE ledger_transactions VALIDATE CONSTRAINT ledger_transactions_kind_check;

ALTER TABLE refunds DROP COLUMN IF EXISTS exchange;
ALTER TABLE payment_intents DROP COLUMN IF EXISTS conversion;
DROP TABLE IF EXISTS fx_quotes;
DROP TABLE IF EXISTS fx_rates;
