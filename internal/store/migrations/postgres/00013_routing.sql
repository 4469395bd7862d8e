-- How an attempt's gateway was chosen, what it followed, and payments at a provider's
-- own page.

-- +goose Up
ALTER TABLE payment_intents ADD COLUMN failovers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payment_attempts ADD COLUMN method TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_attempts ADD COLUMN routing JSONB;
ALTER TABLE payment_attempts ADD COLUMN follows TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_attempts ADD COLUMN returned TEXT NOT NULL DEFAULT '';
ALTER TABLE payment_attempts ADD COLUMN completion_sent_at TIMESTAMPTZ;

-- +goose Down
ALTER TABLE payment_attempts DROP COLUMN completion_sent_at;
ALTER TABLE payment_attempts DROP COLUMN returned;
ALTER TABLE payment_attempts DROP COLUMN follows;
ALTER TABLE payment_attempts DROP COLUMN routing;
ALTER TABLE payment_attempts DROP COLUMN method;
ALTER TABLE payment_intents DROP COLUMN failovers;
