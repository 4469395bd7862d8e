-- +goose NO TRANSACTION
-- Events are kept for a while only: this finds the oldest. There may be many and the
-- hub at work, so the index is made while others write; after a crash, what was left of
-- it is removed first.

-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS events_by_time;
CREATE INDEX CONCURRENTLY events_by_time ON events (created_at);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS events_by_time;
