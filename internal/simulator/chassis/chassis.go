package chassis

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"go.uber.org/zap"

	"paymenthub/internal/simulator"
)

// defaultSettleAfter is how long what settles later takes, unless told otherwise.
const defaultSettleAfter = 3 * time.Second

// Options configures a simulator. All providers' have the same.
type Options struct {
	// DataFile is the simulator's own SQLite file; beside it lies DataFile.key,
	// the secret of its fingerprints. Both are made when missing.
	DataFile string
	// Latency is added to every provider call.
	Latency time.Duration
	// BaseURL is where browsers reach the simulator, for redirects; empty means
	// the host that the request was sent to.
	BaseURL string
	// Webhooks are where events go. What is still to be delivered belongs to the
	// place of an endpoint among those of its account: its URL and secret may
	// change from one start to the next.
	Webhooks []Webhook
	// SettleAfter is how long what settles later takes; 0 means 3 seconds.
	SettleAfter time.Duration
	// Frozen lets nothing happen by itself, neither deliveries nor tasks: for
	// those who only read the record while its simulator is down.
	Frozen bool
	// Logger gets failures of the simulator itself; nil: none.
	Logger *zap.Logger
}

// Provider is what makes a simulator one of a particular provider. Functions
// marked optional may be nil; the endpoints that need them are then not there.
type Provider struct {
	Name string // as in /_sim/health
	// Money are the operations that move money or keep cards, Lookups those that
	// only look: what faults can be asked for.
	Money, Lookups []string
	// Account derives, by AccountOf, the account that a call's credentials are of.
	// It may read the body. Errors: a *Refusal, for credentials that are none.
	Account func(*Request) (string, error)
	// WebhookAccount derives the same account from the credentials of a webhook.
	WebhookAccount func(credentials map[string]string) string
	// Key is the idempotency key of a call that changes something, "" without.
	Key func(*Request) string
	// KeyInUse answers a key that another call is using at this moment.
	KeyInUse func(*Request) Answer
	// KeyReused answers a key that came with other parameters. Optional: without
	// it, the answer that is kept is given whatever the parameters.
	KeyReused func(*Request) Answer
	// Replayed are headers that an answer has when it is given again.
	Replayed map[string]string
	// ServerError is the provider's answer of status 500 or 429.
	ServerError func(status int) Answer
	// Sign sets the headers of a webhook: its content type and its signature.
	Sign func(*http.Request, Delivery)
	// Perform does what a Tx.Later asked for. Optional.
	Perform func(*Tx, Task) error
	// Answered goes on with a payment after the shopper's answer on its page, and
	// tells where the shopper is sent back to, "" for nowhere. Optional.
	Answered func(tx *Tx, payment string, approved bool) (back string, err error)
	// SettleRefund lets an object of KindRefund end, again as well. Optional.
	SettleRefund func(tx *Tx, refund string, succeeded bool) error
	// OpenDispute has a shopper object to an object of KindPayment, and tells the id
	// of the object of KindDispute that it makes. Optional.
	OpenDispute func(tx *Tx, payment string, about Complaint) (string, error)
	// MoveDispute brings an object of KindDispute into another status. Optional.
	MoveDispute func(tx *Tx, dispute, status string) error
	// Now is the clock; nil means time.Now. For tests.
	Now func() time.Time
}

// Chassis is a running simulator without its provider's routes. It is safe for
// concurrent use.
type Chassis struct {
	options    Options
	provider   Provider
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
	tasks      *background
}

// Open opens or makes the simulator's file. Nothing happens by itself before Start.
func Open(options Options, provider Provider) (*Chassis, error) {
	if options.DataFile == "" {
		return nil, fmt.Errorf("%s simulator: DataFile is empty", provider.Name)
	}
	if options.Logger == nil {
		options.Logger = zap.NewNop()
	}
	if options.SettleAfter == 0 {
		options.SettleAfter = defaultSettleAfter
	}
	if provider.Now == nil {
		provider.Now = time.Now
	}
	aimed, err := aim(options.Webhooks, provider.WebhookAccount)
	if err != nil {
		return nil, fmt.Errorf("%s simulator: %w", provider.Name, err)
	}
	secret, err := loadSecret(options.DataFile + ".key")
	if err != nil {
		return nil, fmt.Errorf("%s simulator: %w", provider.Name, err)
	}
	store, err := openStore(options.DataFile)
	if err != nil {
		return nil, fmt.Errorf("%s simulator: %w", provider.Name, err)
	}
	c := &Chassis{
		options: options, provider: provider, log: options.Logger, now: provider.Now, store: store, secret: secret,
		seq:      &sequence{now: provider.Now},
		inflight: inflight{keys: map[inflightKey]struct{}{}},
		faults:   simulator.NewFaults(provider.Money, provider.Lookups),
		webhooks: simulator.NewWebhookFaults(), targets: aimed,
	}
	if err := errors.Join(c.resumeSequence(), c.forgetOldKeys()); err != nil {
		return nil, errors.Join(fmt.Errorf("%s simulator: %w", provider.Name, err), store.close())
	}
	c.deliveries, c.tasks = newDeliveries(c), newBackground()
	return c, nil
}

// Start begins to deliver webhooks and to do what is due, unless the simulator is
// frozen. It is called once, when the provider's functions can be.
func (c *Chassis) Start() {
	if c.options.Frozen {
		return
	}
	c.deliveries.start(c.deliveries.deliver)
	c.tasks.start(c.performDue)
}

// Close lets go of held connections, stops webhook deliveries and tasks, and
// closes the file. Calls still running then fail: shut the HTTP server down first.
func (c *Chassis) Close() error {
	c.faults.Close()
	c.tasks.close()
	c.deliveries.close()
	return c.store.close()
}

// Now is the simulator's clock.
func (c *Chassis) Now() time.Time { return c.now() }

// resumeSequence goes on after the newest row, even if the clock went back.
func (c *Chassis) resumeSequence() error {
	for _, table := range []string{"objects", "idempotency_keys", "events", "tasks", "witness"} {
		row, err := c.store.queryRow(`SELECT COALESCE(MAX(seq), 0) FROM ` + table)
		if err != nil {
			return err
		}
		var newest int64
		if err := row.Scan(&newest); err != nil {
			return err
		}
		c.seq.last = max(c.seq.last, newest)
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
