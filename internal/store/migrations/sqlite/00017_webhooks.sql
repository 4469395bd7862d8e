-- Endpoints of merchants that are told of events, and what became of telling them.
-- A delivery is written in the transaction of its event, and is what the dispatcher
-- works through: while it is pending it is in the small indexes below.

-- +goose Up
CREATE TABLE webhook_endpoints (
    id             TEXT NOT NULL PRIMARY KEY,
    merchant_id    TEXT NOT NULL REFERENCES merchants (id),
    environment    TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    url            TEXT NOT NULL, -- '' once deleted
    event_types    TEXT NOT NULL CHECK (json_valid(event_types)),
    dialect        TEXT NOT NULL CHECK (dialect = 'hub' OR dialect = 'acquiring' OR dialect = 'connect' OR dialect = 'cashier'),
    description    TEXT NOT NULL,
    header_names   TEXT NOT NULL CHECK (json_valid(header_names)),
    disabled       TEXT NOT NULL CHECK (disabled = '' OR disabled = 'merchant' OR disabled = 'gone' OR disabled = 'failing' OR disabled = 'deleted'),
    disabled_at    TEXT,
    failing_since  TEXT,
    failures       INTEGER NOT NULL CHECK (failures >= 0),
    failed_at      TEXT,
    paused_until   TEXT,
    secret_ends_at TEXT,
    key_version    INTEGER NOT NULL,
    sealed         BLOB NOT NULL,
    version        INTEGER NOT NULL CHECK (version >= 1),
    created_at     TEXT NOT NULL,
    updated_at     TEXT NOT NULL
) STRICT;
CREATE INDEX webhook_endpoints_by_scope ON webhook_endpoints (merchant_id, environment, id) WHERE disabled <> 'deleted';
CREATE INDEX webhook_endpoints_deleted ON webhook_endpoints (disabled_at) WHERE disabled = 'deleted';

CREATE TABLE webhook_deliveries (
    id               TEXT NOT NULL PRIMARY KEY,
    merchant_id      TEXT NOT NULL REFERENCES merchants (id),
    environment      TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    event_id         TEXT NOT NULL,
    endpoint_id      TEXT NOT NULL REFERENCES webhook_endpoints (id),
    object_id        TEXT NOT NULL,
    type             TEXT NOT NULL,
    status           TEXT NOT NULL CHECK (status = 'pending' OR status = 'retrying' OR status = 'succeeded' OR status = 'failed' OR status = 'canceled'),
    triggered_by     TEXT NOT NULL CHECK (triggered_by = 'event' OR triggered_by = 'redelivery' OR triggered_by = 'test'),
    round            INTEGER NOT NULL CHECK (round >= 1),
    round_started_at TEXT NOT NULL,
    attempts         INTEGER NOT NULL CHECK (attempts >= 0),
    round_attempts   INTEGER NOT NULL CHECK (round_attempts >= 0 AND round_attempts <= attempts),
    next_attempt_at  TEXT,
    why              TEXT NOT NULL,
    last_code        INTEGER NOT NULL,
    created_at       TEXT NOT NULL,
    updated_at       TEXT NOT NULL,
    ended_at         TEXT,
    claimed_by       TEXT NOT NULL, -- '' or the process that makes the pending attempt
    claimed_until    TEXT,
    revive_at        TEXT, -- when a retrying one whose workflow is lost should be noticed
    CHECK ((status = 'succeeded' OR status = 'failed' OR status = 'canceled') = (ended_at IS NOT NULL)),
    CHECK ((status IN ('pending', 'retrying')) = (next_attempt_at IS NOT NULL)),
    CHECK ((status = 'pending') = (claimed_until IS NOT NULL)),
    CHECK ((status = 'retrying') = (revive_at IS NOT NULL))
) STRICT;
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
    delivery_id      TEXT NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number           INTEGER NOT NULL CHECK (number >= 1),
    round            INTEGER NOT NULL CHECK (round >= 1),
    url              TEXT NOT NULL,
    started_at       TEXT NOT NULL,
    duration_us      INTEGER NOT NULL CHECK (duration_us >= 0),
    request_headers  TEXT NOT NULL CHECK (json_valid(request_headers)),
    body_digest      TEXT NOT NULL,
    body_size        INTEGER NOT NULL,
    code             INTEGER NOT NULL,
    response_headers TEXT NOT NULL CHECK (json_valid(response_headers)),
    response_body    TEXT NOT NULL,
    truncated        INTEGER NOT NULL CHECK (truncated IN (0, 1)),
    retry_after_s    INTEGER NOT NULL,
    error            TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT;

CREATE TABLE webhook_activity (
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
    at          TEXT NOT NULL, -- beginning of five minutes
    succeeded   INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    took_us     INTEGER NOT NULL,
    PRIMARY KEY (endpoint_id, at)
) STRICT;
CREATE INDEX webhook_activity_by_time ON webhook_activity (at);

CREATE TABLE webhook_replays (
    id          TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
    kind        TEXT NOT NULL CHECK (kind IN ('failed', 'range')),
    from_time   TEXT NOT NULL,
    to_time     TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status = 'running' OR status = 'completed' OR status = 'stopped'),
    total       INTEGER NOT NULL,
    seen        INTEGER NOT NULL,
    queued      INTEGER NOT NULL,
    cursor_id   TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    ended_at    TEXT
) STRICT;
CREATE INDEX webhook_replays_by_endpoint ON webhook_replays (endpoint_id, id);
CREATE UNIQUE INDEX webhook_replays_running ON webhook_replays (merchant_id, environment) WHERE status = 'running';
CREATE INDEX webhook_replays_stale ON webhook_replays (updated_at, id) WHERE status = 'running';
CREATE INDEX webhook_replays_ended ON webhook_replays (ended_at) WHERE ended_at IS NOT NULL;

-- What a merchant should know and did not ask for.
CREATE TABLE notices (
    id          TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    kind        TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    text        TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    mailed_at   TEXT, -- when it went out by mail; NULL: it did not
    mail_due_at TEXT -- when to try to mail it; NULL: done, or there is no address
) STRICT;
CREATE INDEX notices_by_scope ON notices (merchant_id, environment, id);
CREATE INDEX notices_by_time ON notices (created_at);
CREATE INDEX notices_to_mail ON notices (mail_due_at, id) WHERE mail_due_at IS NOT NULL;
CREATE INDEX notices_to_mail_by_scope ON notices (merchant_id, environment, mail_due_at, id) WHERE mail_due_at IS NOT NULL;
CREATE INDEX notices_mailed ON notices (merchant_id, environment, mailed_at) WHERE mailed_at IS NOT NULL;

-- Keys that may do all that there was may do this too.
UPDATE api_keys SET permissions = json_insert(permissions, '$[#]', 'webhooks:read', '$[#]', 'webhooks:write')
WHERE kind = 'secret' AND permissions LIKE '%"routing:write"%' AND permissions NOT LIKE '%"webhooks:%';

-- +goose Down
UPDATE api_keys SET permissions = replace(replace(permissions, ',"webhooks:read"', ''), ',"webhooks:write"', '')
WHERE permissions LIKE '%,"webhooks:%';
DROP TABLE notices;
DROP TABLE webhook_replays;
DROP TABLE webhook_activity;
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_endpoints;
