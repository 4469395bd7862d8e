-- A movement knows its owner, so that a merchant's movements have an index.

-- +goose Up
UPDATE payment_transactions SET
    merchant_id = (SELECT merchant_id FROM payment_intents WHERE payment_intents.id = payment_id),
    environment = (SELECT environment FROM payment_intents WHERE payment_intents.id = payment_id)
    WHERE merchant_id = '';
CREATE INDEX IF NOT EXISTS payment_transactions_by_scope ON payment_transactions (merchant_id, environment, id);
CREATE INDEX IF NOT EXISTS payment_transactions_by_result ON payment_transactions (merchant_id, environment, (
    CASE WHEN status <> 'succeeded' THEN status WHEN kind = 'authorization' THEN 'authorized'
    WHEN kind = 'void' THEN 'voided' WHEN kind = 'refund' THEN 'refunded' ELSE 'captured' END), id)
    WHERE status <> 'pending';

-- Owners stay: 00008 takes their columns away.
-- +goose Down
DROP INDEX payment_transactions_by_result;
DROP INDEX payment_transactions_by_scope;
