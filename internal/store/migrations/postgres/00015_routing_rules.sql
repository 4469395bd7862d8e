-- +goose NO TRANSACTION
-- The rules that merchants route by, and what the hub's processes tell each other of
-- the gateways.
--
-- Attempts may be many and the hub at work, so the index on them is made concurrently,
-- as in 00012. Each statement is a transaction of its own: after a crash, all are run again.

-- +goose Up
CREATE TABLE IF NOT EXISTS routing_profiles (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id  TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment  TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    name         TEXT NOT NULL,
    is_default   BOOLEAN NOT NULL,
    active       INTEGER NOT NULL CHECK (active >= 0 AND active <= versions),
    versions     INTEGER NOT NULL CHECK (versions >= 0),
    operation_id TEXT NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    updated_at   TIMESTAMPTZ NOT NULL
);
CREATE INDEX IF NOT EXISTS routing_profiles_by_scope ON routing_profiles (merchant_id, environment, id);
CREATE UNIQUE INDEX IF NOT EXISTS routing_profiles_one_default ON routing_profiles (merchant_id, environment) WHERE is_default;

CREATE TABLE IF NOT EXISTS routing_versions (
    profile_id   TEXT COLLATE "C" NOT NULL REFERENCES routing_profiles (id),
    number       INTEGER NOT NULL CHECK (number >= 1),
    operation_id TEXT COLLATE "C" NOT NULL,
    rules        JSONB NOT NULL,
    replaced     INTEGER NOT NULL CHECK (replaced >= 0),
    created_at   TIMESTAMPTZ NOT NULL,
    updated_at   TIMESTAMPTZ NOT NULL,
    activated_at TIMESTAMPTZ,
    PRIMARY KEY (profile_id, number),
    UNIQUE (profile_id, operation_id)
);
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION routing_versions_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version that was active never changes';
END $$;
-- +goose StatementEnd
DROP TRIGGER IF EXISTS routing_versions_final ON routing_versions;
CREATE TRIGGER routing_versions_final BEFORE UPDATE OF rules ON routing_versions
    FOR EACH ROW WHEN (OLD.activated_at IS NOT NULL AND OLD.rules <> NEW.rules) EXECUTE FUNCTION routing_versions_final();

CREATE TABLE IF NOT EXISTS gateway_health (
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    gateway     TEXT COLLATE "C" NOT NULL,
    forced      TEXT NOT NULL CHECK (forced IN ('', 'up', 'down')),
    state       TEXT NOT NULL CHECK (state IN ('closed', 'open', 'half_open')),
    since       TIMESTAMPTZ,
    until       TIMESTAMPTZ,
    pause_ms    BIGINT NOT NULL,
    why         TEXT NOT NULL,
    prober      TEXT NOT NULL,
    passed      INTEGER NOT NULL,
    version     BIGINT NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (environment, gateway)
);

-- What each process saw within the last minute; overwritten, not added to.
CREATE TABLE IF NOT EXISTS gateway_signals (
    environment TEXT NOT NULL,
    gateway     TEXT COLLATE "C" NOT NULL,
    process     TEXT COLLATE "C" NOT NULL,
    calls       BIGINT NOT NULL,
    errors      BIGINT NOT NULL,
    slow        BIGINT NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (environment, gateway, process)
);
CREATE INDEX IF NOT EXISTS gateway_signals_by_time ON gateway_signals (updated_at);

-- What each process saw in each minute (counted since 1970); kept for a day.
CREATE TABLE IF NOT EXISTS routing_outcomes (
    merchant_id TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    gateway     TEXT COLLATE "C" NOT NULL,
    currency    TEXT COLLATE "C" NOT NULL,
    region      TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    minute      BIGINT NOT NULL,
    process     TEXT COLLATE "C" NOT NULL,
    approved    BIGINT NOT NULL,
    declined    BIGINT NOT NULL,
    failed      BIGINT NOT NULL,
    calls       BIGINT NOT NULL,
    latency_ms  BIGINT NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (merchant_id, environment, gateway, currency, region, kind, minute, process)
);
CREATE INDEX IF NOT EXISTS routing_outcomes_by_minute ON routing_outcomes (minute);
CREATE INDEX IF NOT EXISTS routing_outcomes_by_time ON routing_outcomes (updated_at);

-- how often a card was declined lately
SET lock_timeout = '10min';
DROP INDEX CONCURRENTLY IF EXISTS payment_attempts_declined;
CREATE INDEX CONCURRENTLY payment_attempts_declined ON payment_attempts (card_fingerprint, created_at)
    WHERE status = 'declined' AND card_fingerprint <> '';
RESET lock_timeout;

-- +goose Down
SET lock_timeout = '10min';
DROP INDEX CONCURRENTLY IF EXISTS payment_attempts_declined;
RESET lock_timeout;
DROP TABLE IF EXISTS routing_outcomes;
DROP TABLE IF EXISTS gateway_signals;
DROP TABLE IF EXISTS gateway_health;
DROP TABLE IF EXISTS routing_versions;
DROP FUNCTION IF EXISTS routing_versions_final();
DROP TABLE IF EXISTS routing_profiles;
