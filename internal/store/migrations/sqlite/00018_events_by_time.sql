-- Events are kept for a while only: this finds the oldest.

-- +goose Up
CREATE INDEX events_by_time ON events (created_at);

-- +goose Down
DROP INDEX events_by_time;
