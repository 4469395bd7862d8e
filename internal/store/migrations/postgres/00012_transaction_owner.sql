-- +goose NO TRANSACTION
-- A movement knows its owner, so that a merchant's movements have an index; and rows
-- from before 00008 are held against its checks.
--
-- Tables may be large and the hub at work, so nothing here keeps it from writing. Each
-- statement is a transaction of its own, or several: after a crash, all are run again.

-- +goose Up
-- A thousand rows at a time, in the order of their ids. A statement that plans for
-- the batch's LIMIT never comes to read a whole table for it.
-- +goose StatementBegin
DO $$
DECLARE
    reached TEXT COLLATE "C" := '';
BEGIN
    LOOP
        WITH batch AS MATERIALIZED (
            SELECT id, payment_id FROM payment_transactions WHERE id > reached ORDER BY id LIMIT 1000
        ), owned AS (
            UPDATE payment_transactions SET merchant_id = payment_intents.merchant_id, environment = payment_intents.environment
            FROM batch JOIN payment_intents ON payment_intents.id = batch.payment_id
            WHERE payment_transactions.id = batch.id AND payment_transactions.merchant_id = ''
        )
        SELECT max(id) INTO reached FROM batch;
        EXIT WHEN reached IS NULL;
        COMMIT;
    END LOOP;
END $$;
-- +goose StatementEnd

ALTER TABLE payment_intents VALIDATE CONSTRAINT payment_intents_attempt_limit_check;
ALTER TABLE payment_attempts VALIDATE CONSTRAINT payment_attempts_card_bin_check;
ALTER TABLE vault_cards VALIDATE CONSTRAINT vault_cards_bin_check;

-- An index made concurrently waits for transactions that were there before it, and
-- nobody waits for it meanwhile. One that a crash has left behind is not valid, which
-- IF NOT EXISTS does not see: it is made anew.
SET lock_timeout = '10min';
DROP INDEX CONCURRENTLY IF EXISTS payment_transactions_by_scope;
CREATE INDEX CONCURRENTLY payment_transactions_by_scope ON payment_transactions (merchant_id, environment, id);
DROP INDEX CONCURRENTLY IF EXISTS payment_transactions_by_result;
CREATE INDEX CONCURRENTLY payment_transactions_by_result ON payment_transactions (merchant_id, environment, (
    CASE WHEN status <> 'succeeded' THEN status WHEN kind = 'authorization' THEN 'authorized'
    WHEN kind = 'void' THEN 'voided' WHEN kind = 'refund' THEN 'refunded' ELSE 'captured' END), id)
    WHERE status <> 'pending';
RESET lock_timeout;

-- Owners stay: 00008 takes their columns away.
-- +goose Down
SET lock_timeout = '10min';
DROP INDEX CONCURRENTLY IF EXISTS payment_transactions_by_result;
DROP INDEX CONCURRENTLY IF EXISTS payment_transactions_by_scope;
RESET lock_timeout;
