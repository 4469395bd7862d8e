package stripe

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/simulator"
)

// The statuses of a refund.
const (
	refundPending   = "pending"
	refundSucceeded = "succeeded"
	refundFailed    = "failed"
)

const (
	defaultSettleAfter = 3 * time.Second
	settlementBatch    = 100
	// refundFailureReason is the one reason that this simulator's refunds fail for.
	refundFailureReason = "expired_or_canceled_card"
)

// scheduleSettlement has a refund settle by itself later, also after a restart.
func (tx *transaction) scheduleSettlement(refund int64, status string) error {
	sim := tx.call.sim
	tx.committed(func() { sim.settling.wake() })
	return tx.exec(`INSERT INTO settlements (refund, due, status) VALUES (?, ?, ?)`,
		refund, sim.now().Add(sim.options.SettleAfter).UnixMicro(), status)
}

// settlement is a refund that is due to settle.
type settlement struct {
	account int64
	refund  []byte
	status  string
}

// settle makes one round over the refunds that are due, and tells when the next
// is.
func (s *Simulator) settle(context.Context) time.Duration {
	const next = `SELECT due FROM settlements ORDER BY due LIMIT 1`
	row, err := s.store.queryRow(next)
	if err == nil {
		var due int64
		if row.Scan(&due) == nil && due <= s.now().UnixMicro() {
			err = s.settleDue()
		}
	}
	if err != nil {
		s.log.Error("refunds could not be settled", zap.Error(err))
	}
	return s.untilDue(next)
}

func (s *Simulator) settleDue() error {
	var done []*transaction
	err := s.store.update(func(conn *connection) error {
		due, err := dueSettlements(conn, s.now())
		if err != nil {
			return err
		}
		for _, one := range due {
			tx := &transaction{connection: conn, call: &call{sim: s, account: one.account}}
			if _, err := tx.settleRefund(docID(one.refund), one.status); err != nil {
				return err
			}
			if err := tx.flushEvents(); err != nil {
				return err
			}
			done = append(done, tx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, tx := range done {
		tx.finish()
	}
	return nil
}

func dueSettlements(q querier, now time.Time) ([]settlement, error) {
	rows, err := q.query(`SELECT r.account, r.doc, s.status FROM settlements s JOIN refunds r ON r.seq = s.refund
		WHERE s.due <= ? ORDER BY s.due LIMIT ?`, now.UnixMicro(), settlementBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var due []settlement
	for rows.Next() {
		var one settlement
		if err := rows.Scan(&one.account, &one.refund, &one.status); err != nil {
			return nil, err
		}
		due = append(due, one)
	}
	return due, rows.Err()
}

// settleRefund moves a refund to the status it ends in. That it has this status
// already is no error; that it failed before is one.
func (tx *transaction) settleRefund(id, status string) ([]byte, error) {
	made, ok, err := object[refund](tx, tx.call.account, "refunds", "re_", id)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, &missingError{"id"}
	case made.Status == refundFailed && status != refundFailed:
		return nil, &conflictError{"status", "the refund has failed already"}
	}
	if err := tx.exec(`DELETE FROM settlements WHERE refund = ?`, seqOf(id)); err != nil {
		return nil, err
	}
	if made.Status == status {
		return mustMarshal(made), nil
	}
	made.Status = status
	if status == refundFailed {
		if err := tx.takeBack(made); err != nil {
			return nil, err
		}
	}
	doc := mustMarshal(made)
	tx.emit("refund.updated", doc)
	tx.emit("charge.refund.updated", doc)
	return doc, tx.exec(`UPDATE refunds SET doc = ? WHERE seq = ?`, doc, seqOf(id))
}

// takeBack returns the money of a failed refund to the merchant.
func (tx *transaction) takeBack(failed *refund) error {
	ch, err := tx.loadCharge(failed.Charge)
	if err != nil {
		return err
	}
	id, err := tx.book(booking{
		kind: "refund_failure", amount: failed.Amount, currency: failed.Currency, source: failed.ID,
		description: pointer("REFUND FAILURE FOR CHARGE"),
	})
	if err != nil {
		return err
	}
	failed.FailureTransaction, failed.FailureReason = &id, pointer(refundFailureReason)
	ch.AmountRefunded -= failed.Amount
	ch.Refunded = false
	_, err = tx.updateCharge(ch)
	return err
}

// settleForTest is POST /_sim/refunds/{id}: the refund settles now, and as asked.
func (s *Simulator) settleForTest(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Status string `json:"status"`
	}
	if !simulator.ReadJSON(w, r, &body) {
		return
	}
	if body.Status != refundSucceeded && body.Status != refundFailed {
		simulator.WriteProblem(w, http.StatusBadRequest, "status", "must be succeeded or failed")
		return
	}
	var doc []byte
	id := r.PathValue("id")
	err := s.act("refunds", "re_", id, "id", func(tx *transaction) (err error) {
		doc, err = tx.settleRefund(id, body.Status)
		return err
	})
	s.writeActed(w, http.StatusOK, doc, err)
}
