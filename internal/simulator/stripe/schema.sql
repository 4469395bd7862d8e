-- seq is the object's creation time in microseconds, unique over all tables; it
-- is also spelled in the object's id, so that an id is found by primary key.
-- doc is the object as Stripe's API answers it, nothing expanded. No column
-- ever holds a card number or CVC.

CREATE TABLE IF NOT EXISTS payment_intents (
    seq        INTEGER PRIMARY KEY,
    account    INTEGER NOT NULL,
    customer   INTEGER,
    return_url TEXT    NOT NULL,
    doc        BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS payment_intents_by_account ON payment_intents (account, seq);
CREATE INDEX IF NOT EXISTS payment_intents_by_customer ON payment_intents (customer, seq) WHERE customer IS NOT NULL;

-- The search index: one row for each metadata value an intent has, or had; hash
-- covers account, key and value. It is brought up to date when a search is
-- made: indexed_until is the last intent that is in it.
CREATE TABLE IF NOT EXISTS intent_metadata (
    hash   INTEGER NOT NULL,
    intent INTEGER NOT NULL,
    PRIMARY KEY (hash, intent)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS indexed_until (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    intent INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO indexed_until (one, intent) VALUES (1, 0);

-- amount_captured, amount_refunded and status are the witness's: what was
-- really taken and given back. Status 'failed' is a declined attempt.
CREATE TABLE IF NOT EXISTS charges (
    seq             INTEGER PRIMARY KEY,
    account         INTEGER NOT NULL,
    intent          INTEGER NOT NULL,
    customer        INTEGER,
    id              TEXT    NOT NULL,
    payment_intent  TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    amount          INTEGER NOT NULL CHECK (amount > 0),
    currency        TEXT    NOT NULL,
    amount_captured INTEGER NOT NULL CHECK (amount_captured BETWEEN 0 AND amount),
    amount_refunded INTEGER NOT NULL CHECK (amount_refunded BETWEEN 0 AND amount_captured),
    idempotency_key TEXT    NOT NULL,
    metadata        TEXT    NOT NULL,
    doc             BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS charges_by_account ON charges (account, seq);
CREATE INDEX IF NOT EXISTS charges_by_intent ON charges (intent, seq);
CREATE INDEX IF NOT EXISTS charges_by_customer ON charges (customer, seq) WHERE customer IS NOT NULL;

CREATE TABLE IF NOT EXISTS refunds (
    seq             INTEGER PRIMARY KEY,
    account         INTEGER NOT NULL,
    charge          INTEGER NOT NULL,
    intent          INTEGER NOT NULL,
    idempotency_key TEXT    NOT NULL,
    doc             BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS refunds_by_account ON refunds (account, seq);
CREATE INDEX IF NOT EXISTS refunds_by_charge ON refunds (charge, seq);
CREATE INDEX IF NOT EXISTS refunds_by_intent ON refunds (intent, seq);

CREATE TABLE IF NOT EXISTS disputes (
    seq     INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    charge  INTEGER NOT NULL,
    intent  INTEGER NOT NULL,
    doc     BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS disputes_by_account ON disputes (account, seq);
CREATE INDEX IF NOT EXISTS disputes_by_charge ON disputes (charge, seq);
CREATE INDEX IF NOT EXISTS disputes_by_intent ON disputes (intent, seq);

-- The refunds that are still to settle: at due, in microseconds, as status says.
CREATE TABLE IF NOT EXISTS settlements (
    refund INTEGER PRIMARY KEY,
    due    INTEGER NOT NULL,
    status TEXT    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS settlements_by_due ON settlements (due);

CREATE TABLE IF NOT EXISTS balance_transactions (
    seq          INTEGER PRIMARY KEY,
    account      INTEGER NOT NULL,
    currency     TEXT    NOT NULL,
    net          INTEGER NOT NULL,
    doc          BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS balance_transactions_by_account ON balance_transactions (account, seq);

-- outcome is the name of the test card's behaviour.
CREATE TABLE IF NOT EXISTS payment_methods (
    seq      INTEGER PRIMARY KEY,
    account  INTEGER NOT NULL,
    customer INTEGER,
    outcome  TEXT    NOT NULL,
    doc      BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS payment_methods_by_customer ON payment_methods (customer, seq) WHERE customer IS NOT NULL;

CREATE TABLE IF NOT EXISTS customers (
    seq     INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    doc     BLOB    NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS customer_metadata (
    hash     INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    PRIMARY KEY (hash, customer)
) STRICT, WITHOUT ROWID;

-- A 3-D Secure challenge. It is open while its intent's next_action leads to
-- it. id is the unguessable end of the page's address; idempotency_key is that
-- of the call that confirmed.
CREATE TABLE IF NOT EXISTS challenges (
    seq             INTEGER PRIMARY KEY,
    account         INTEGER NOT NULL,
    id              TEXT    NOT NULL,
    payment_intent  TEXT    NOT NULL,
    idempotency_key TEXT    NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS events (
    seq     INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    type    TEXT    NOT NULL,
    doc     BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_by_account ON events (account, seq);

CREATE TABLE IF NOT EXISTS webhook_endpoints (
    seq     INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    secret  TEXT    NOT NULL,
    doc     BLOB    NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS webhook_endpoints_by_account ON webhook_endpoints (account, seq);

-- One row for each delivery still to be made of an event to an endpoint; those
-- of the simulator's options have numbers up to 0. copy 1 is the second delivery
-- that a webhook fault asks for. due is in microseconds.
CREATE TABLE IF NOT EXISTS outbox (
    event    INTEGER NOT NULL,
    endpoint INTEGER NOT NULL,
    copy     INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    PRIMARY KEY (event, endpoint, copy)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_by_due ON outbox (due);

-- params is a keyed hash of the request, never the request itself.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    seq        INTEGER PRIMARY KEY,
    account    INTEGER NOT NULL,
    key        TEXT    NOT NULL,
    params     BLOB    NOT NULL,
    request_id TEXT    NOT NULL,
    status     INTEGER NOT NULL,
    body       BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS idempotency_keys_by_key ON idempotency_keys (account, key);
