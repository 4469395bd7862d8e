-- Endpoints of merchants that are told of events, and what became of telling them.
-- A delivery is written in the transaction of its event, and is what the dispatcher
-- works through: while it is pending it is in the small indexes below.

-- +goose Up
CREATE TABLE webhook_endpoints (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id    TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment    TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    url            TEXT NOT NULL, -- '' once deleted
    event_types    JSON NOT NULL,
    dialect        TEXT NOT NULL CHECK (dialect IN ('hub', 'acquiring', 'connect', 'cashier')),
    description    TEXT NOT NULL,
    header_names   JSON NOT NULL,
    disabled       TEXT NOT NULL CHECK (disabled IN ('', 'merchant', 'gone', 'failing', 'deleted')),
    disabled_at    TIMESTAMPTZ,
    failing_since  TIMESTAMPTZ,
    failures       BIGINT NOT NULL CHECK (failures >= 0),
    failed_at      TIMESTAMPTZ,
    paused_until   TIMESTAMPTZ,
    secret_ends_at TIMESTAMPTZ,
    key_version    BIGINT NOT NULL,
    sealed         BYTEA NOT NULL,
    version        BIGINT NOT NULL CHECK (version >= 1),
    created_at     TIMESTAMPTZ NOT NULL,
    updated_at     TIMESTAMPTZ NOT NULL
);
CREATE INDEX webhook_endpoints_by_scope ON webhook_endpoints (merchant_id, environment, id) WHERE disabled <> 'deleted';
CREATE INDEX webhook_endpoints_deleted ON webhook_endpoints (disabled_at) WHERE disabled = 'deleted';

CREATE TABLE webhook_deliveries (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id      TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment      TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    event_id         TEXT COLLATE "C" NOT NULL,
    endpoint_id      TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoints (id),
    object_id        TEXT COLLATE "C" NOT NULL,
    type             TEXT NOT NULL,
    status           TEXT NOT NULL CHECK (status IN ('pending', 'retrying', 'succeeded', 'failed', 'canceled')),
    triggered_by     TEXT NOT NULL CHECK (triggered_by IN ('event', 'redelivery', 'test')),
    round            BIGINT NOT NULL CHECK (round >= 1),
    round_started_at TIMESTAMPTZ NOT NULL,
    attempts         BIGINT NOT NULL CHECK (attempts >= 0),
    round_attempts   BIGINT NOT NULL CHECK (round_attempts >= 0 AND round_attempts <= attempts),
    next_attempt_at  TIMESTAMPTZ,
    why              TEXT NOT NULL,
    last_code        BIGINT NOT NULL,
    created_at       TIMESTAMPTZ NOT NULL,
    updated_at       TIMESTAMPTZ NOT NULL,
    ended_at         TIMESTAMPTZ,
    claimed_by       TEXT COLLATE "C" NOT NULL, -- '' or the process that makes the pending attempt
    claimed_until    TIMESTAMPTZ,
    revive_at        TIMESTAMPTZ, -- when a retrying one whose workflow is lost should be noticed
    CHECK ((status IN ('succeeded', 'failed', 'canceled')) = (ended_at IS NOT NULL)),
    CHECK ((status IN ('pending', 'retrying')) = (next_attempt_at IS NOT NULL)),
    CHECK ((status = 'pending') = (claimed_until IS NOT NULL)),
    CHECK ((status = 'retrying') = (revive_at IS NOT NULL))
);
CREATE UNIQUE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id, endpoint_id);
CREATE INDEX webhook_deliveries_by_scope ON webhook_deliveries (merchant_id, environment, id);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (endpoint_id, status, id) WHERE status <> 'succeeded';
CREATE INDEX webhook_deliveries_by_type ON webhook_deliveries (endpoint_id, type, id);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (endpoint_id, object_id, id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (endpoint_id, claimed_until) WHERE status = 'pending' AND claimed_by <> '';
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (endpoint_id, round_started_at, id) WHERE status = 'pending' AND claimed_by = '';
CREATE INDEX webhook_deliveries_to_revive ON webhook_deliveries (revive_at, id) WHERE revive_at IS NOT NULL;

CREATE TABLE webhook_attempts (
    delivery_id      TEXT COLLATE "C" NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number           BIGINT NOT NULL CHECK (number >= 1),
    round            BIGINT NOT NULL CHECK (round >= 1),
    url              TEXT NOT NULL,
    started_at       TIMESTAMPTZ NOT NULL,
    duration_us      BIGINT NOT NULL CHECK (duration_us >= 0),
    request_headers  JSON NOT NULL,
    body_digest      TEXT NOT NULL,
    body_size        BIGINT NOT NULL,
    code             BIGINT NOT NULL,
    response_headers JSON NOT NULL,
    response_body    TEXT NOT NULL,
    truncated        BIGINT NOT NULL CHECK (truncated IN (0, 1)),
    retry_after_s    BIGINT NOT NULL,
    error            TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
);

CREATE TABLE webhook_activity (
    endpoint_id TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoints (id),
    at          TIMESTAMPTZ NOT NULL, -- beginning of five minutes
    succeeded   BIGINT NOT NULL,
    failed      BIGINT NOT NULL,
    took_us     BIGINT NOT NULL,
    PRIMARY KEY (endpoint_id, at)
);
CREATE INDEX webhook_activity_by_time ON webhook_activity (at);

CREATE TABLE webhook_replays (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    endpoint_id TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoints (id),
    kind        TEXT NOT NULL CHECK (kind IN ('failed', 'range')),
    from_time   TIMESTAMPTZ NOT NULL,
    to_time     TIMESTAMPTZ NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('running', 'completed', 'stopped')),
    total       BIGINT NOT NULL,
    seen        BIGINT NOT NULL,
    queued      BIGINT NOT NULL,
    cursor_id   TEXT COLLATE "C" NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL,
    ended_at    TIMESTAMPTZ
);
CREATE INDEX webhook_replays_by_endpoint ON webhook_replays (endpoint_id, id);
CREATE UNIQUE INDEX webhook_replays_running ON webhook_replays (merchant_id, environment) WHERE status = 'running';
CREATE INDEX webhook_replays_stale ON webhook_replays (updated_at, id) WHERE status = 'running';
CREATE INDEX webhook_replays_ended ON webhook_replays (ended_at) WHERE ended_at IS NOT NULL;

-- What a merchant should know and did not ask for.
CREATE TABLE notices (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    merchant_id TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    kind        TEXT NOT NULL,
    object_id   TEXT COLLATE "C" NOT NULL,
    text        TEXT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    mailed_at   TIMESTAMPTZ, -- when it went out by mail; NULL: it did not
    mail_due_at TIMESTAMPTZ -- when to try to mail it; NULL: done, or there is no address
);
CREATE INDEX notices_by_scope ON notices (merchant_id, environment, id);
CREATE INDEX notices_by_time ON notices (created_at);
CREATE INDEX notices_to_mail ON notices (mail_due_at, id) WHERE mail_due_at IS NOT NULL;
CREATE INDEX notices_to_mail_by_scope ON notices (merchant_id, environment, mail_due_at, id) WHERE mail_due_at IS NOT NULL;
CREATE INDEX notices_mailed ON notices (merchant_id, environment, mailed_at) WHERE mailed_at IS NOT NULL;

-- Keys that may do all that there was may do this too.
UPDATE api_keys SET permissions = CAST(regexp_replace(CAST(permissions AS TEXT), '\s*\]\s*$', ',"webhooks:read","webhooks:write"]') AS JSON)
WHERE kind = 'secret' AND CAST(permissions AS TEXT) LIKE '%"routing:write"%' AND CAST(permissions AS TEXT) NOT LIKE '%"webhooks:%';

-- +goose Down
UPDATE api_keys SET permissions = CAST(replace(replace(CAST(permissions AS TEXT), ',"webhooks:read"', ''), ',"webhooks:write"', '') AS JSON)
WHERE CAST(permissions AS TEXT) LIKE '%,"webhooks:%';
DROP TABLE notices;
DROP TABLE webhook_replays;
DROP TABLE webhook_activity;
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_endpoints;
