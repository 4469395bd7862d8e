-- Payment methods that wait for their gateway: when somebody must look after them,
-- and why an operator must.

-- +goose Up
ALTER TABLE payment_methods ADD COLUMN due_at TEXT;
ALTER TABLE payment_methods ADD COLUMN attention TEXT NOT NULL DEFAULT '';
UPDATE payment_methods SET due_at = created_at WHERE status = 'pending';
UPDATE payment_methods SET due_at = detached_at WHERE status = 'detached' AND forgotten_at IS NULL;
CREATE INDEX payment_methods_due ON payment_methods (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX payment_methods_attention ON payment_methods (id) WHERE attention <> '';

-- +goose Down
DROP INDEX payment_methods_attention;
DROP INDEX payment_methods_due;
ALTER TABLE payment_methods DROP COLUMN attention;
ALTER TABLE payment_methods DROP COLUMN due_at;
