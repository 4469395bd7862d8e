-- +goose Up
CREATE TABLE events (
    id          TEXT NOT NULL,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    type        TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    object      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    PRIMARY KEY (merchant_id, environment, id)
) STRICT;
CREATE INDEX events_by_object ON events (merchant_id, environment, object_id, id);
CREATE INDEX events_by_type ON events (merchant_id, environment, type, id);

-- +goose Down
DROP TABLE events;
