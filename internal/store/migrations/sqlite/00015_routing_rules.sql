-- The rules that merchants route by, and what the hub's processes tell each other of
-- the gateways.

-- +goose Up
CREATE TABLE routing_profiles (
    id           TEXT    NOT NULL PRIMARY KEY,
    merchant_id  TEXT    NOT NULL REFERENCES merchants (id),
    environment  TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    name         TEXT    NOT NULL,
    is_default   INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    active       INTEGER NOT NULL CHECK (active >= 0 AND active <= versions),
    versions     INTEGER NOT NULL CHECK (versions >= 0),
    operation_id TEXT    NOT NULL,
    created_at   TEXT    NOT NULL,
    updated_at   TEXT    NOT NULL
) STRICT;
CREATE INDEX routing_profiles_by_scope ON routing_profiles (merchant_id, environment, id);
CREATE UNIQUE INDEX routing_profiles_one_default ON routing_profiles (merchant_id, environment) WHERE is_default = 1;

CREATE TABLE routing_versions (
    profile_id   TEXT    NOT NULL REFERENCES routing_profiles (id),
    number       INTEGER NOT NULL CHECK (number >= 1),
    operation_id TEXT    NOT NULL,
    rules        TEXT    NOT NULL CHECK (json_valid(rules)),
    replaced     INTEGER NOT NULL CHECK (replaced >= 0),
    created_at   TEXT    NOT NULL,
    updated_at   TEXT    NOT NULL,
    activated_at TEXT,
    PRIMARY KEY (profile_id, number),
    UNIQUE (profile_id, operation_id)
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER routing_versions_final BEFORE UPDATE OF rules ON routing_versions
WHEN OLD.activated_at IS NOT NULL AND OLD.rules <> NEW.rules
BEGIN
    SELECT RAISE(ABORT, 'a version that was active never changes');
END;
-- +goose StatementEnd

CREATE TABLE gateway_health (
    environment TEXT    NOT NULL CHECK (environment IN ('sandbox', 'live')),
    gateway     TEXT    NOT NULL,
    forced      TEXT    NOT NULL CHECK (forced IN ('', 'up', 'down')),
    state       TEXT    NOT NULL CHECK (state IN ('closed', 'open', 'half_open')),
    since       TEXT,
    until       TEXT,
    pause_ms    INTEGER NOT NULL,
    why         TEXT    NOT NULL,
    prober      TEXT    NOT NULL,
    passed      INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    updated_at  TEXT    NOT NULL,
    PRIMARY KEY (environment, gateway)
) STRICT;

-- What each process saw within the last minute; overwritten, not added to.
CREATE TABLE gateway_signals (
    environment TEXT    NOT NULL,
    gateway     TEXT    NOT NULL,
    process     TEXT    NOT NULL,
    calls       INTEGER NOT NULL,
    errors      INTEGER NOT NULL,
    slow        INTEGER NOT NULL,
    updated_at  TEXT    NOT NULL,
    PRIMARY KEY (environment, gateway, process)
) STRICT;
CREATE INDEX gateway_signals_by_time ON gateway_signals (updated_at);

-- What each process saw in each minute (counted since 1970); kept for a day.
CREATE TABLE routing_outcomes (
    merchant_id TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    gateway     TEXT    NOT NULL,
    currency    TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    minute      INTEGER NOT NULL,
    process     TEXT    NOT NULL,
    approved    INTEGER NOT NULL,
    declined    INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    calls       INTEGER NOT NULL,
    latency_ms  INTEGER NOT NULL,
    updated_at  TEXT    NOT NULL,
    PRIMARY KEY (merchant_id, environment, gateway, currency, region, kind, minute, process)
) STRICT;
CREATE INDEX routing_outcomes_by_minute ON routing_outcomes (minute);
CREATE INDEX routing_outcomes_by_time ON routing_outcomes (updated_at);

-- how often a card was declined lately
CREATE INDEX payment_attempts_declined ON payment_attempts (card_fingerprint, created_at)
    WHERE status = 'declined' AND card_fingerprint <> '';

-- +goose Down
DROP INDEX payment_attempts_declined;
DROP TABLE routing_outcomes;
DROP TABLE gateway_signals;
DROP TABLE gateway_health;
DROP TABLE routing_versions;
DROP TABLE routing_profiles;
