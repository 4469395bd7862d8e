package notification_test

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
	"paymenthub/internal/notification"
	"paymenthub/internal/payment"
	"paymenthub/internal/store"
	"paymenthub/internal/store/storetest"
	"paymenthub/internal/vault"
)

// asked is an orchestrator that notes what it is asked to look up.
type asked struct {
	payment.Orchestrator
	mu       sync.Mutex
	payments []string // with the notification's id
	refunds  []string
	disputes []payment.DisputeRef
	fail     error
}

func (a *asked) LookUp(_ context.Context, s payment.Snapshot, notificationID string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.payments = append(a.payments, s.PaymentID+" "+notificationID)
	return a.fail
}

func (a *asked) LookUpRefund(_ context.Context, r payment.Refund, _ string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refunds = append(a.refunds, r.ID)
	return a.fail
}

func (a *asked) LookUpDispute(_ context.Context, d payment.DisputeRef) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.disputes = append(a.disputes, d)
	return a.fail
}

func (a *asked) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.payments) + len(a.refunds) + len(a.disputes)
}

// plain reads notices that are their own JSON.
type plain struct{}

func (plain) ReadNotification(_ http.Header, body []byte, _ time.Time) (payment.Notice, error) {
	var n payment.Notice
	if err := json.Unmarshal(body, &n); err != nil {
		return n, fault.New(fault.Invalid, "no notice")
	}
	return n, nil
}

// post is a receiver on a real database.
type post struct {
	*storetest.World
	receiver *notification.Receiver
	t        *testing.T
	asked    *asked
	mu       sync.Mutex
	raised   []notification.Notification
	failed   []error
}

func newPost(t *testing.T) *post {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{SQLiteFile: filepath.Join(t.TempDir(), "hub.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context()))
	p := &post{World: storetest.NewWorld(t, storetest.Subject{Store: db}), t: t, asked: &asked{}}
	sealer, err := vault.New(db.Vault(), vault.Keys{Active: 1, ByVersion: map[int][]byte{1: make([]byte, 32)}, Fingerprint: make([]byte, 32)}, p.Clock)
	require.NoError(t, err)
	p.receiver = notification.NewReceiver(notification.Options{
		Account: func(_ context.Context, provider, account string) (notification.Account, error) {
			if provider != "stripe" || account != "sandbox" && account != "live" {
				return notification.Account{}, fault.New(fault.NotFound, "no such account")
			}
			return notification.Account{Environment: merchant.Environment(account), Gateway: provider, Reader: plain{}}, nil
		},
		Repository: db.Notifications(), Payments: p.Payments, Orchestrator: p.asked, Sealer: sealer, Clock: p.Clock,
		Raised: func(n notification.Notification) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.raised = append(p.raised, n)
		},
		Failed: func(_ string, err error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.failed = append(p.failed, err)
		},
	})
	t.Cleanup(p.receiver.Close)
	return p
}

// tell sends a notice and returns what is kept of it.
func (p *post) tell(n payment.Notice) notification.Notification {
	p.t.Helper()
	return p.tellAs("sandbox", n)
}

func (p *post) tellAs(account string, n payment.Notice) notification.Notification {
	p.t.Helper()
	if n.ID == "" {
		n.ID = id.NewSuffix()
	}
	body, err := json.Marshal(n)
	require.NoError(p.t, err)
	require.NoError(p.t, p.receiver.Receive(p.t.Context(), "stripe", account, http.Header{}, body))
	all, _, err := p.Store.Notifications().List(p.t.Context(), notification.Filter{Limit: 100})
	require.NoError(p.t, err)
	for _, kept := range all {
		if kept.EventID == n.ID {
			return kept
		}
	}
	p.t.Fatal("not kept")
	return notification.Notification{}
}

func (p *post) begun() payment.Aggregate {
	return p.Apply(p.t, p.Begun(p.t, p.Insert(p.t, p.Wanted())))
}

func (p *post) sold() payment.Aggregate { return p.Sold(p.t, p.Wanted()) }

// notice is what an honest provider tells of a payment.
func notice(a payment.Aggregate, s payment.NoticeState) payment.Notice {
	return payment.Notice{
		Subject: payment.NoticeOfPayment, State: s, PaymentID: a.Intent.ID, TransactionID: payment.TransactionID(id.Suffix(a.Attempt.ID)),
		GatewayReference: "pi_remote", Amount: a.Intent.Money(), Captured: a.Intent.Amount,
	}
}

func TestWhatTheHubKnowsAlreadyIsApplied(t *testing.T) {
	p := newPost(t)
	a := p.sold()
	for _, state := range []payment.NoticeState{payment.NoticeCaptured, payment.NoticeAuthorized, payment.NoticeOpen} {
		kept := p.tell(notice(a, state))
		require.Equal(t, notification.Applied, kept.Status, "%s %s", state, kept.Why)
		require.Equal(t, []string{a.Intent.Scope.MerchantID, a.Intent.ID}, []string{kept.MerchantID, kept.PaymentID})
		require.Zero(t, kept.DueAt)
	}
	require.Zero(t, p.asked.count())
}

func TestTheSameEventCountsOnce(t *testing.T) {
	p := newPost(t)
	n := notice(p.sold(), payment.NoticeReleased)
	n.ID = "evt_1"
	body, err := json.Marshal(n)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := p.receiver.Receive(t.Context(), "stripe", "sandbox", nil, body); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	rows, _, err := p.Store.Notifications().List(t.Context(), notification.Filter{Limit: 100})
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.NotEmpty(t, p.raised)
	for _, n := range p.raised {
		require.Equal(t, rows[0].ID, n.ID)
	}
}

func TestWhatContradictsTheHubIsRaisedAndNeverApplied(t *testing.T) {
	p := newPost(t)
	a, open, held := p.sold(), p.begun(), p.held()
	p.Clock.Advance(time.Minute)
	for why, n := range map[string]payment.Notice{
		"does not have the payment":          {Subject: payment.NoticeOfPayment, State: payment.NoticeCaptured, PaymentID: id.New(id.Payment), Amount: a.Intent.Money()},
		"does not have the refund":           {Subject: payment.NoticeOfRefund, State: payment.NoticeRefunded, RefundID: id.New(id.Refund), Amount: a.Intent.Money()},
		"the provider has USD 49.99":         with(notice(a, payment.NoticeCaptured), func(n *payment.Notice) { n.Amount = money.New(4999, "USD") }),
		"the provider has EUR 50.00":         with(notice(open, payment.NoticeCaptured), func(n *payment.Notice) { n.Amount = money.New(5000, "EUR") }),
		"which this payment does not have":   with(notice(open, payment.NoticeCaptured), func(n *payment.Notice) { n.TransactionID = id.New(id.Transaction) }),
		"is released at the provider":        notice(a, payment.NoticeReleased),
		"is declined at the provider":        notice(a, payment.NoticeDeclined),
		"USD 20.00 is captured":              with(notice(a, payment.NoticeCaptured), func(n *payment.Notice) { n.Captured = 2000 }),
		"has it as requires_capture with 0":  with(notice(held, payment.NoticeCaptured), func(n *payment.Notice) { n.Captured = 5000 }),
		"but the hub has it as declined":     notice(p.refused(), payment.NoticeCaptured),
		"USD 60.00 is disputed":              {Subject: payment.NoticeOfDispute, GatewayReference: "pi_remote", DisputeReference: "du_1", Amount: money.New(6000, "USD")},
		"EUR 10.00 is disputed, but the hub": {Subject: payment.NoticeOfDispute, GatewayReference: "pi_remote", DisputeReference: "du_1", Amount: money.New(1000, "EUR")},
	} {
		kept := p.tell(n)
		require.Equal(t, notification.Raised, kept.Status, why)
		require.Contains(t, kept.Why, why)
	}
	require.Len(t, p.raised, 12)
	require.Zero(t, p.asked.count())
}

func TestOtherEnvironmentsAreNotThere(t *testing.T) {
	p := newPost(t)
	a := p.sold()
	kept := p.tellAs("live", notice(a, payment.NoticeReleased))
	require.Equal(t, notification.Raised, kept.Status)
	require.Contains(t, kept.Why, "does not have the payment")
	require.Empty(t, kept.MerchantID, "nobody is named")
	require.Error(t, p.receiver.Receive(t.Context(), "stripe", "elsewhere", nil, []byte("{}")))
	require.Error(t, p.receiver.Receive(t.Context(), "other", "sandbox", nil, []byte("{}")))
}

func with(n payment.Notice, change func(*payment.Notice)) payment.Notice {
	change(&n)
	return n
}

// held makes an authorized payment.
func (p *post) held() payment.Aggregate {
	n := p.Wanted()
	n.CaptureMethod = payment.CaptureManual
	a := p.Apply(p.t, p.Begun(p.t, p.Insert(p.t, n)))
	c := p.Captured(p.t, a)
	p.Apply(p.t, c)
	return payment.Aggregate{Intent: c.Intent, Attempt: c.Attempt}
}

// refused makes a payment whose attempt was declined.
func (p *post) refused() payment.Aggregate {
	a := p.begun()
	c, err := a.Record(payment.Declined(payment.NewDecline(payment.DeclineGatewayUnavailable)), p.Clock.Now())
	require.NoError(p.t, err)
	p.Apply(p.t, c)
	return payment.Aggregate{Intent: c.Intent, Attempt: c.Attempt}
}

func TestWhatConcernsNobodyIsIgnored(t *testing.T) {
	p := newPost(t)
	require.Equal(t, notification.Ignored, p.tell(payment.Notice{Subject: payment.NoticeOfOther, Type: "customer.created"}).Status)
	p.Clock.Advance(31 * 24 * time.Hour)
	gone, err := p.receiver.DeleteOld(t.Context(), 10)
	require.NoError(t, err)
	require.EqualValues(t, 1, gone)
}
