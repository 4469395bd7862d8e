package verify

import (
	"slices"

	"paymenthub/internal/event"
	"paymenthub/internal/fx"
	"paymenthub/internal/ledger"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/payment"
)

// dossier is a payment with all that belongs to it, as of one moment. The
// domain values hold only what the rules ask for.
type dossier struct {
	intent       payment.Intent
	attempts     []payment.Attempt // by number
	transactions []payment.Transaction
	refunds      []payment.Refund
	disputes     []payment.Dispute
	quote        *fx.Quote // whose rate was promised; nil where none was, or it is not there
	awaited      bool      // a notification of the provider is stored and not applied yet
	bookings     []booking // whose source is one of the transactions or disputes
	postings     []posting
	events       []told
	sealed       map[string]bool // vault tokens of the attempts that still hold card data
}

// booking is a ledger transaction without its entries.
type booking struct {
	id, paymentID, sourceID string
	kind                    ledger.TransactionKind
}

// posting is a ledger entry.
type posting struct {
	id, transactionID string
	account           ledger.AccountKind
	currency          money.Currency
	amount            int64
}

// told is an event, with what it says of its object.
type told struct {
	id       string
	kind     event.Type
	objectID string
	content  *content
}

// content is the part of an event's object that says whose it is, and how it was.
type content struct {
	ID     string         `json:"id"`
	Scope  merchant.Scope `json:"scope"`
	Status string         `json:"status"`
}

// intents reads the scope's next payments after an id, up to the id last.
func (s *snapshot) intents(scope merchant.Scope, after, last string) ([]payment.Intent, error) {
	return read(s, scanIntent, "SELECT "+intentColumns+` FROM payment_intents
		WHERE merchant_id = ? AND environment = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?`,
		scope.MerchantID, string(scope.Environment), after, last, batchSize)
}

// intentsByID reads the payments of these ids that exist.
func (s *snapshot) intentsByID(ids []string) ([]payment.Intent, error) {
	return read(s, scanIntent, "SELECT "+intentColumns+" FROM payment_intents WHERE id IN ?", ids)
}

// movements reads what gateways did, or were asked for, with these payments,
// which are all of the scope.
func (s *snapshot) movements(scope merchant.Scope, intents []payment.Intent) (map[string]*dossier, error) {
	of := make(map[string]*dossier, len(intents))
	ids := make([]string, 0, len(intents))
	for _, p := range intents {
		of[p.ID] = &dossier{intent: p, sealed: map[string]bool{}}
		ids = append(ids, p.ID)
	}
	attempts, err := read(s, scanAttempt, "SELECT "+attemptColumns+" FROM payment_attempts WHERE payment_id IN ? ORDER BY number", ids)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		of[a.PaymentID].attempts = append(of[a.PaymentID].attempts, a)
	}
	transactions, err := read(s, scanTransaction, "SELECT "+transactionColumns+" FROM payment_transactions WHERE payment_id IN ?", ids)
	if err != nil {
		return nil, err
	}
	for _, t := range transactions {
		of[t.PaymentID].transactions = append(of[t.PaymentID].transactions, t)
	}
	refunds, err := read(s, scanRefund, "SELECT "+refundColumns+" FROM refunds WHERE merchant_id = ? AND environment = ? AND payment_id IN ?",
		scope.MerchantID, string(scope.Environment), ids)
	for _, r := range refunds {
		of[r.PaymentID].refunds = append(of[r.PaymentID].refunds, r)
	}
	if err != nil {
		return nil, err
	}
	disputes, err := read(s, scanDispute, "SELECT "+disputeColumns+" FROM disputes WHERE merchant_id = ? AND environment = ? AND payment_id IN ?",
		scope.MerchantID, string(scope.Environment), ids)
	for _, x := range disputes {
		of[x.PaymentID].disputes = append(of[x.PaymentID].disputes, x)
	}
	if err != nil {
		return nil, err
	}
	return of, s.addAwaited(of)
}

// addAwaited marks the payments that the provider has told something of which
// is not applied yet.
func (s *snapshot) addAwaited(of map[string]*dossier) error {
	return s.each(func(scan scan) error {
		var paymentID string
		if err := scan(&paymentID); err != nil {
			return err
		}
		of[paymentID].awaited = true
		return nil
	}, "SELECT payment_id FROM gateway_notifications WHERE payment_id <> '' AND payment_id IN ? AND status = 'received'", keys(of))
}

// dossiers reads everything of these payments, which are all of the scope.
func (s *snapshot) dossiers(scope merchant.Scope, intents []payment.Intent) ([]*dossier, error) {
	of, err := s.movements(scope, intents)
	if err != nil {
		return nil, err
	}
	for _, add := range []func(merchant.Scope, map[string]*dossier) error{s.addBookings, s.addPostings, s.addEvents, s.addCards, s.addQuotes} {
		if err := add(scope, of); err != nil {
			return nil, err
		}
	}
	list := make([]*dossier, 0, len(intents))
	for _, p := range intents {
		list = append(list, of[p.ID])
	}
	return list, nil
}

// addBookings finds ledger transactions by what they book, so that one that was
// filed under another payment is found as well.
func (s *snapshot) addBookings(_ merchant.Scope, of map[string]*dossier) error {
	owner := map[string]*dossier{}
	var sources []string
	for _, d := range of {
		for _, t := range d.transactions {
			owner[t.ID] = d
			sources = append(sources, t.ID)
		}
		for _, x := range d.disputes {
			owner[x.ID] = d
			sources = append(sources, x.ID)
		}
	}
	if len(sources) == 0 {
		return nil
	}
	return s.each(func(scan scan) error {
		var b booking
		if err := scan(&b.id, &b.paymentID, &b.sourceID, &b.kind); err != nil {
			return err
		}
		owner[b.sourceID].bookings = append(owner[b.sourceID].bookings, b)
		return nil
	}, "SELECT id, payment_id, source_id, kind FROM ledger_transactions WHERE source_id IN ?", sources)
}

// addPostings reads by range, which both databases' indexes serve well: a batch
// is without gaps within its scope.
func (s *snapshot) addPostings(scope merchant.Scope, of map[string]*dossier) error {
	ids := keys(of)
	return s.each(func(scan scan) error {
		var p posting
		var paymentID string
		if err := scan(&p.id, &p.transactionID, &p.account, &p.currency, &p.amount, &paymentID); err != nil {
			return err
		}
		if d, known := of[paymentID]; known {
			d.postings = append(d.postings, p)
		}
		return nil
	}, `SELECT id, transaction_id, account, currency, amount, payment_id FROM ledger_entries
		WHERE merchant_id = ? AND environment = ? AND payment_id BETWEEN ? AND ?`,
		scope.MerchantID, string(scope.Environment), slices.Min(ids), slices.Max(ids))
}

// addEvents adds the events of payments and of their refunds and disputes.
func (s *snapshot) addEvents(scope merchant.Scope, of map[string]*dossier) error {
	owner := make(map[string]*dossier, len(of))
	for id, d := range of {
		owner[id] = d
		for _, r := range d.refunds {
			owner[r.ID] = d
		}
		for _, x := range d.disputes {
			owner[x.ID] = d
		}
	}
	return s.each(func(scan scan) error {
		var e told
		if err := scan(&e.id, &e.kind, &e.objectID, object[content]{&e.content}); err != nil {
			return err
		}
		owner[e.objectID].events = append(owner[e.objectID].events, e)
		return nil
	}, "SELECT id, type, object_id, object FROM events WHERE merchant_id = ? AND environment = ? AND object_id IN ?",
		scope.MerchantID, string(scope.Environment), keys(owner))
}

func (s *snapshot) addCards(_ merchant.Scope, of map[string]*dossier) error {
	owner := map[string]*dossier{}
	for _, d := range of {
		for _, a := range d.attempts {
			owner[a.CardToken] = d
		}
	}
	if len(owner) == 0 {
		return nil
	}
	return s.each(func(scan scan) error {
		var token string
		if err := scan(&token); err != nil {
			return err
		}
		owner[token].sealed[token] = true
		return nil
	}, "SELECT token FROM vault_cards WHERE token IN ? AND (sealed IS NOT NULL OR sealed_cvc IS NOT NULL)", keys(owner))
}

func keys[V any](m map[string]V) []string {
	list := make([]string, 0, len(m))
	for key := range m {
		list = append(list, key)
	}
	return list
}
