package verify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/libtnb/sqlite" // registers the one "sqlite" driver of the process

	"paymenthub/internal/account"
)

// spool keeps the providers' records in a temporary SQLite file while they are
// compared: they come in the order of their making, and are wanted by payment.
type spool struct {
	witnesses []Witness
	folder    string
	db        *sql.DB
}

const spoolSchema = `
CREATE TABLE charges (
	payment_id TEXT NOT NULL, gateway TEXT NOT NULL, id TEXT NOT NULL, payment_intent TEXT NOT NULL, amount INTEGER NOT NULL,
	currency TEXT NOT NULL, status TEXT NOT NULL, captured INTEGER NOT NULL, refunded INTEGER NOT NULL,
	transaction_id TEXT NOT NULL, merchant_id TEXT NOT NULL, environment TEXT NOT NULL) STRICT;
CREATE TABLE refunds (
	payment_id TEXT NOT NULL, gateway TEXT NOT NULL, id TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
	status TEXT NOT NULL, refund_id TEXT NOT NULL) STRICT;
CREATE TABLE disputes (
	payment_id TEXT NOT NULL, gateway TEXT NOT NULL, id TEXT NOT NULL, charge TEXT NOT NULL, amount INTEGER NOT NULL,
	currency TEXT NOT NULL, status TEXT NOT NULL, withdrawn INTEGER NOT NULL) STRICT;
CREATE TABLE methods (
	id TEXT NOT NULL, gateway TEXT NOT NULL, customer TEXT NOT NULL, token TEXT NOT NULL, forgotten INTEGER NOT NULL) STRICT;
CREATE TABLE kept (
	gateway TEXT NOT NULL, id TEXT NOT NULL, customer TEXT NOT NULL, PRIMARY KEY (gateway, id)) STRICT;`

const spoolIndexes = `
CREATE INDEX charges_by_payment ON charges (payment_id);
CREATE INDEX charges_by_id ON charges (id);
CREATE INDEX refunds_by_payment ON refunds (payment_id);
CREATE INDEX disputes_by_payment ON disputes (payment_id);`

func newSpool(ctx context.Context, witnesses []Witness) (*spool, error) {
	folder, err := os.MkdirTemp("", "paymenthub-verify-")
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	file := &url.URL{Path: filepath.Join(folder, "records.db")}
	db, err := sql.Open(sqlite.DriverName, "file:"+file.EscapedPath()+"?"+url.Values{"_pragma": {
		"journal_mode(OFF)", "synchronous(OFF)", "cache_size(-16000)", "temp_store(FILE)",
	}}.Encode())
	if err == nil {
		db.SetMaxOpenConns(1)
		_, err = db.ExecContext(ctx, spoolSchema+spoolIndexes)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("verify: %w", err), os.RemoveAll(folder))
	}
	return &spool{witnesses: witnesses, folder: folder, db: db}, nil
}

func (s *spool) close() error { return errors.Join(s.db.Close(), os.RemoveAll(s.folder)) }

// witnessed reports whether a witness speaks for the gateway: one of its provider,
// which knows all accounts there.
func (s *spool) witnessed(gateway string) bool {
	for _, w := range s.witnesses {
		if w.Name == account.ProviderOf(gateway) {
			return true
		}
	}
	return false
}

// record is what the providers have of one payment.
type record struct {
	charges  []charge
	refunds  []refund
	disputes []dispute
}

// of returns the records of these payments, by payment.
func (s *spool) of(ctx context.Context, payments []string) (map[string]*record, error) {
	found := make(map[string]*record, len(payments))
	arguments := make([]any, 0, len(payments))
	for _, id := range payments {
		found[id] = &record{}
		arguments = append(arguments, id)
	}
	list := strings.TrimSuffix(strings.Repeat("?,", len(payments)), ",")
	err := s.each(ctx, func(scan scan) error {
		var c charge
		err := scan(&c.Metadata.PaymentID, &c.gateway, &c.ID, &c.PaymentIntent, &c.Amount, &c.Currency, &c.Status, &c.AmountCaptured,
			&c.AmountRefunded, &c.Metadata.TransactionID, &c.Metadata.MerchantID, &c.Metadata.Environment)
		if err == nil {
			found[c.Metadata.PaymentID].charges = append(found[c.Metadata.PaymentID].charges, c)
		}
		return err
	}, "SELECT * FROM charges WHERE payment_id IN ("+list+") ORDER BY id", arguments...)
	if err != nil {
		return nil, err
	}
	err = s.each(ctx, func(scan scan) error {
		var r refund
		err := scan(&r.Metadata.PaymentID, &r.gateway, &r.ID, &r.Amount, &r.Currency, &r.Status, &r.Metadata.RefundID)
		if err == nil {
			found[r.Metadata.PaymentID].refunds = append(found[r.Metadata.PaymentID].refunds, r)
		}
		return err
	}, "SELECT * FROM refunds WHERE payment_id IN ("+list+") ORDER BY id", arguments...)
	if err != nil {
		return nil, err
	}
	return found, s.each(ctx, func(scan scan) error {
		var x dispute
		var paymentID string
		err := scan(&paymentID, &x.gateway, &x.ID, &x.Charge, &x.Amount, &x.Currency, &x.Status, &x.Withdrawn)
		if err == nil {
			found[paymentID].disputes = append(found[paymentID].disputes, x)
		}
		return err
	}, "SELECT * FROM disputes WHERE payment_id IN ("+list+") ORDER BY id", arguments...)
}

// paymentIDs returns the next ids of payments after one that the providers
// name, in order.
func (s *spool) paymentIDs(ctx context.Context, after string) (ids []string, err error) {
	err = s.each(ctx, func(scan scan) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT payment_id FROM (
			SELECT * FROM (SELECT DISTINCT payment_id FROM charges WHERE payment_id > ?1 ORDER BY payment_id LIMIT ?2)
			UNION SELECT * FROM (SELECT DISTINCT payment_id FROM refunds WHERE payment_id > ?1 ORDER BY payment_id LIMIT ?2)
			UNION SELECT * FROM (SELECT DISTINCT payment_id FROM disputes WHERE payment_id > ?1 ORDER BY payment_id LIMIT ?2)
		) ORDER BY payment_id LIMIT ?2`, after, batchSize)
	return ids, err
}

func (s *spool) each(ctx context.Context, do func(scan) error, query string, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := do(rows.Scan); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	}
	return rows.Err()
}
