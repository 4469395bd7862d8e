-- +goose Up
CREATE TABLE events (
    id          TEXT COLLATE "C" NOT NULL,
    merchant_id TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    environment TEXT             NOT NULL CHECK (environment IN ('sandbox', 'live')),
    type        TEXT             NOT NULL,
    object_id   TEXT COLLATE "C" NOT NULL,
    object      JSON             NOT NULL,
    created_at  TIMESTAMPTZ      NOT NULL,
    PRIMARY KEY (merchant_id, environment, id)
);
CREATE INDEX events_by_object ON events (merchant_id, environment, object_id, id);
CREATE INDEX events_by_type ON events (merchant_id, environment, type, id);

-- +goose Down
DROP TABLE events;
