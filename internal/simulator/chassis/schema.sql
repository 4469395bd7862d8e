-- seq is a moment in microseconds that is given once: when its row was made.
-- No column ever holds a card number or CVC.

-- The provider's objects. doc is JSON, as the provider's package writes it.
CREATE TABLE IF NOT EXISTS objects (
    seq     INTEGER PRIMARY KEY,
    account TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    doc     BLOB    NOT NULL,
    UNIQUE (kind, id)
) STRICT;
CREATE INDEX IF NOT EXISTS objects_by_account ON objects (account, kind, seq);

-- What objects can be looked for by, besides their id.
CREATE TABLE IF NOT EXISTS refs (
    account TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    ref     TEXT    NOT NULL,
    object  INTEGER NOT NULL,
    PRIMARY KEY (account, kind, ref, object)
) STRICT, WITHOUT ROWID;

-- The answers that are given again. fingerprint is a keyed hash of the request.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    seq         INTEGER PRIMARY KEY,
    account     TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    status      INTEGER NOT NULL,
    header      TEXT    NOT NULL,
    body        BLOB    NOT NULL,
    UNIQUE (account, key)
) STRICT;

CREATE TABLE IF NOT EXISTS events (
    seq     INTEGER PRIMARY KEY,
    account TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    type    TEXT    NOT NULL,
    body    BLOB    NOT NULL
) STRICT;

-- The deliveries of events still to be made: endpoint is its place among those
-- of the account, copy 1 is a repetition made on purpose, due is in microseconds.
CREATE TABLE IF NOT EXISTS outbox (
    event    INTEGER NOT NULL,
    endpoint INTEGER NOT NULL,
    copy     INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    PRIMARY KEY (event, endpoint, copy)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_by_due ON outbox (due);

-- What the provider does later by itself. key is the idempotency key of the call
-- that led to it, due is in microseconds.
CREATE TABLE IF NOT EXISTS tasks (
    seq     INTEGER PRIMARY KEY,
    account TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    object  TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    due     INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS tasks_by_due ON tasks (due);
CREATE INDEX IF NOT EXISTS tasks_by_object ON tasks (object);

-- The pages where shoppers approve a payment. id is the unguessable end of the
-- page's address; answer is '' while it is open, then approve, fail or closed.
CREATE TABLE IF NOT EXISTS pages (
    id      TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    payment TEXT NOT NULL,
    key     TEXT NOT NULL,
    doc     TEXT NOT NULL,
    answer  TEXT NOT NULL DEFAULT '',
    back    TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pages_by_payment ON pages (payment);

-- What really happened, for those who hold others against it.
CREATE TABLE IF NOT EXISTS witness (
    seq  INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    doc  TEXT NOT NULL,
    UNIQUE (kind, id)
) STRICT;
CREATE INDEX IF NOT EXISTS witness_by_kind ON witness (kind, seq);
