// Package stripe simulates Stripe: an HTTP server that speaks its protocol, API
// version 2023-10-16, as stripe-go v76 does, with test cards, 3-D Secure, signed
// webhooks, idempotency keys and faults on demand.
//
// It is also the independent record of what was charged, refunded and disputed
// (GET /_sim/charges, /_sim/refunds, /_sim/disputes), so it keeps its own file
// and shares no code with the hub. Of a card it keeps brand, last four digits,
// expiry and a keyed fingerprint; of a request, a keyed hash.
//
// Where it differs from Stripe: any key has an account of its own, which it shares with
// keys that differ in what follows a tilde alone ("sk_test_shop~2"); the capture of a part, and the cancellation of
// an authorization, count the released rest in the charge's amount_refunded as
// Stripe does, but make no refund object; money is available at once; search
// sees every write at once and knows exact terms joined by AND; a challenge is
// always a redirect, also without a return_url; amounts from 1 are accepted; the
// disputes of test cards are opened together with the capture, each charge has
// at most one, and its fee is kept also when the merchant wins; events are
// recorded only for accounts that have a webhook endpoint, and there are none of
// customers and payment methods; attaching a card to a customer asks its issuer,
// who refuses the test cards that are always refused; parameters that this
// simulator does not know are refused as unknown.
package stripe

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/simulator"
)

// The operations that faults can be asked for: what moves money, what keeps cards,
// and what looks at PaymentIntents, refunds and disputes. Creating a PaymentIntent
// with confirm=true is both of the first two.
const (
	opCreate  = "create_payment_intent"
	opConfirm = "confirm"
	opCapture = "capture"
	opCancel  = "cancel"
	opRefund  = "refund"

	opCustomer = "create_customer"
	opMethod   = "create_payment_method"
	opAttach   = "attach"
	opDetach   = "detach"

	opRetrieve = "retrieve"
	opSearch   = "search"
	opList     = "list"
)

// Options configures a simulator.
type Options struct {
	// DataFile is the simulator's own SQLite file; beside it lies DataFile.key,
	// the secret of its fingerprints. Both are made when missing.
	DataFile string
	// Latency is added to every provider call.
	Latency time.Duration
	// BaseURL is where browsers reach the simulator, for redirects; empty means
	// the host that the request was sent to.
	BaseURL string
	// Webhooks are endpoints beside those made by POST /v1/webhook_endpoints. What
	// is still to be delivered belongs to the place of an endpoint among those of
	// its account: its URL and secret may change from one start to the next.
	Webhooks []Webhook
	// SettleAfter is how long the refunds of some test cards take to settle; 0
	// means 3 seconds.
	SettleAfter time.Duration
	// Frozen lets nothing happen by itself, neither deliveries nor settlements: for
	// those who only read the record while its simulator is down.
	Frozen bool
	// Logger gets failures of the simulator itself; nil: none.
	Logger *zap.Logger
}

// Simulator is a running Stripe-shaped provider. It is safe for concurrent use.
type Simulator struct {
	options    Options
	log        *zap.Logger
	now        func() time.Time
	store      *store
	secret     []byte
	seq        *sequence
	inflight   inflight
	faults     *simulator.Faults
	webhooks   *simulator.WebhookFaults
	targets    targets
	deliveries *deliveries
	settling   *background
}

// Open opens or makes the simulator's file and starts delivering webhooks.
func Open(options Options) (*Simulator, error) {
	return open(options, time.Now)
}

func open(options Options, now func() time.Time) (*Simulator, error) {
	if options.DataFile == "" {
		return nil, errors.New("stripe simulator: DataFile is empty")
	}
	if options.Logger == nil {
		options.Logger = zap.NewNop()
	}
	if options.SettleAfter == 0 {
		options.SettleAfter = defaultSettleAfter
	}
	secret, err := loadSecret(options.DataFile + ".key")
	if err != nil {
		return nil, fmt.Errorf("stripe simulator: %w", err)
	}
	store, err := openStore(options.DataFile)
	if err != nil {
		return nil, fmt.Errorf("stripe simulator: %w", err)
	}
	s := &Simulator{
		options: options, log: options.Logger, now: now, store: store, secret: secret, seq: &sequence{now: now},
		inflight: inflight{keys: map[inflightKey]struct{}{}},
		faults: simulator.NewFaults([]string{
			opCreate, opConfirm, opCapture, opCancel, opRefund, opCustomer, opMethod, opAttach, opDetach,
		}, []string{opRetrieve, opSearch, opList}),
		webhooks: simulator.NewWebhookFaults(),
		targets:  targets{byAccount: map[int64][]target{}},
	}
	if err := errors.Join(s.resumeSequence(), s.loadTargets(), s.forgetOldKeys(now())); err != nil {
		return nil, errors.Join(fmt.Errorf("stripe simulator: %w", err), store.close())
	}
	s.deliveries = startDeliveries(s)
	s.settling = s.startBackground(s.settle)
	return s, nil
}

// Close lets go of held connections, stops webhook deliveries and settlements,
// and closes the file. Calls still running then fail: shut the HTTP server down first.
func (s *Simulator) Close() error {
	s.faults.Close()
	s.settling.close()
	s.deliveries.close()
	return s.store.close()
}

// resumeSequence goes on after the newest object, even if the clock went back.
func (s *Simulator) resumeSequence() error {
	for _, table := range []string{"payment_intents", "charges", "refunds", "balance_transactions", "payment_methods",
		"customers", "challenges", "disputes", "events", "webhook_endpoints", "idempotency_keys"} {
		row, err := s.store.queryRow(`SELECT COALESCE(MAX(seq), 0) FROM ` + table)
		if err != nil {
			return err
		}
		var newest int64
		if err := row.Scan(&newest); err != nil {
			return err
		}
		s.seq.last = max(s.seq.last, newest)
	}
	return nil
}

// loadSecret reads the key of fingerprints and request hashes, or makes it. It
// is not in the database file, whose fingerprints alone then tell nothing.
func loadSecret(path string) ([]byte, error) {
	const size = 32
	secret, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		secret = make([]byte, size)
		_, _ = rand.Read(secret) // never fails
		return secret, os.WriteFile(path, secret, 0o600)
	case err != nil:
		return nil, err
	case len(secret) != size:
		return nil, fmt.Errorf("%s: want %d bytes, have %d", path, size, len(secret))
	}
	return secret, nil
}
