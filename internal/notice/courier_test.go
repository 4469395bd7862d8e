package notice_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/merchant"
	"paymenthub/internal/notice"
)

// world is an outbox, settings and a mail server in memory.
type world struct {
	now      time.Time
	notices  []notice.Notice      // in order of creation
	due      map[string]time.Time // by notice
	settled  map[string]time.Time
	address  map[string]string // by merchant
	posted   []string
	attempts []string         // addresses
	refuse   map[string]error // by address; "": all others
	told     map[string]error // by notice
}

var _ clock.Clock = &world{}

func (w *world) Now() time.Time { return w.now }

func (w *world) DueNotices(_ context.Context, now time.Time, limit int) (due []notice.Notice, _ error) {
	for _, n := range w.notices {
		until, open := w.due[n.ID]
		taken := slices.ContainsFunc(due, func(o notice.Notice) bool { return o.Scope == n.Scope })
		if open && !until.After(now) && !taken && len(due) < limit {
			due = append(due, n)
		}
	}
	return due, nil
}

func (w *world) MailedSince(_ context.Context, scope merchant.Scope, since time.Time) (objects []string, _ error) {
	for _, n := range w.notices {
		if n.Scope == scope && w.settled[n.ID].After(since) {
			objects = append(objects, n.ObjectID)
		}
	}
	return objects, nil
}

func (w *world) MailSettled(_ context.Context, id string, at time.Time) error {
	w.settled[id] = at
	delete(w.due, id)
	return nil
}

func (w *world) PostponeMail(_ context.Context, scope merchant.Scope, now, until time.Time) error {
	for _, n := range w.notices {
		if at, open := w.due[n.ID]; open && n.Scope == scope && !at.After(now) {
			w.due[n.ID] = until
		}
	}
	return nil
}

func (w *world) Settings(_ context.Context, scope merchant.Scope) (merchant.Settings, error) {
	return merchant.Settings{Scope: scope, NotificationEmail: w.address[scope.MerchantID]}, nil
}

func (w *world) PutSettings(context.Context, merchant.Settings) error {
	return errors.New("a courier changes no settings")
}

func (w *world) Post(ctx context.Context, to, subject, text string) error {
	w.attempts = append(w.attempts, to)
	err, own := w.refuse[to]
	if !own {
		err = w.refuse[""]
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		w.posted = append(w.posted, to+" | "+subject+" | "+text)
	}
	return err
}

func courier(w *world) *notice.Courier {
	return &notice.Courier{Outbox: w, Settings: w, Postman: w, Clock: w, Failed: func(noticeID string, err error) { w.told[noticeID] = err }}
}

func newWorld() *world {
	return &world{
		now: time.Date(2026, 4, 21, 9, 0, 0, 0, time.UTC), due: map[string]time.Time{}, settled: map[string]time.Time{},
		address: map[string]string{}, refuse: map[string]error{}, told: map[string]error{},
	}
}

// note writes a notice of an object to a merchant, whose address is made of its id.
func (w *world) note(merchantID, objectID string) (noticeID string) {
	n := notice.Notice{
		ID: fmt.Sprintf("ntc_%d", len(w.notices)+1), Scope: merchant.Scope{MerchantID: merchantID, Environment: merchant.Sandbox},
		Kind: notice.EndpointDisabled, ObjectID: objectID, Text: "It failed for three days.", CreatedAt: w.now,
	}
	w.notices = append(w.notices, n)
	w.due[n.ID] = w.now
	w.address[merchantID] = merchantID + "@shop.example"
	return n.ID
}

func (w *world) sendDue(t *testing.T, limit int) (sent int) {
	t.Helper()
	sent, err := courier(w).SendDue(t.Context(), limit)
	require.NoError(t, err)
	return sent
}

func TestNoticesAreMailed(t *testing.T) {
	w := newWorld()
	one, two := w.note("mch_1", "we_1"), w.note("mch_1", "we_2")
	require.Equal(t, 2, w.sendDue(t, 10))
	require.Equal(t, "mch_1@shop.example | A webhook endpoint was disabled (sandbox) | It failed for three days.", w.posted[0])
	require.Equal(t, map[string]time.Time{one: w.now, two: w.now}, w.settled)
	require.Empty(t, w.told)
}

func TestWhoGaveNoAddressGetsNoMail(t *testing.T) {
	w := newWorld()
	silent := w.note("mch_1", "we_1")
	w.address["mch_1"] = ""
	require.Zero(t, w.sendDue(t, 10))
	require.Equal(t, map[string]time.Time{silent: {}}, w.settled)

	w = newWorld()
	unsent := w.note("mch_1", "we_1")
	_, err := (&notice.Courier{Outbox: w, Settings: w, Clock: w}).SendDue(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, map[string]time.Time{unsent: {}}, w.settled)
}

func TestMailIsTriedAgainForThreeDays(t *testing.T) {
	w := newWorld()
	for i := range 4 {
		w.note(fmt.Sprintf("mch_%d", i+1), "we_1")
	}
	away := errors.New("the mail server is away")
	w.refuse[""] = away
	require.Zero(t, w.sendDue(t, 10))
	later := w.now.Add(5 * time.Minute)
	require.Equal(t, map[string]time.Time{"ntc_1": later, "ntc_2": later, "ntc_3": later, "ntc_4": w.now}, w.due, "the server is not tried over and over")
	require.Equal(t, map[string]error{"ntc_1": away, "ntc_2": away, "ntc_3": away}, w.told)
	require.Empty(t, w.settled)

	w.now = w.now.Add(73 * time.Hour)
	require.Zero(t, w.sendDue(t, 10))
	require.Equal(t, map[string]time.Time{"ntc_1": {}, "ntc_2": {}, "ntc_3": {}, "ntc_4": {}}, w.settled, "it is not news any more")
}

// What cannot be mailed to one merchant does not keep the others waiting, however much
// of it there is.
func TestAMerchantThatCannotBeMailedHoldsUpNobody(t *testing.T) {
	w := newWorld()
	for i := range 50 {
		w.note("mch_1", fmt.Sprintf("we_%d", i))
	}
	other := w.note("mch_2", "we_x")
	busy := errors.New("450 try again")
	w.refuse["mch_1@shop.example"] = busy
	require.Equal(t, 1, w.sendDue(t, 20))
	require.Equal(t, map[string]time.Time{other: w.now}, w.settled)
	require.Equal(t, []string{"mch_1@shop.example", "mch_2@shop.example"}, w.attempts, "it is tried once")
	require.Equal(t, map[string]error{"ntc_1": busy}, w.told)
	for _, until := range w.due {
		require.Equal(t, w.now.Add(5*time.Minute), until, "and all of its mail later")
	}
	require.Zero(t, w.sendDue(t, 20))
	require.Len(t, w.attempts, 2)
}

// A merchant's failures count once, whatever its environments.
func TestOneMerchantIsNoOutage(t *testing.T) {
	w := newWorld()
	w.note("mch_1", "we_1")
	w.note("mch_1", "we_2")
	w.notices[1].Scope.Environment = merchant.Live
	w.note("mch_2", "we_1")
	last := w.note("mch_3", "we_1")
	w.refuse["mch_1@shop.example"], w.refuse["mch_2@shop.example"] = errors.New("450"), errors.New("450")
	require.Equal(t, 1, w.sendDue(t, 20))
	require.Len(t, w.told, 3)
	require.Equal(t, w.now, w.settled[last])
}

// A refusal for good is of the message, and not a sign that the server is away.
func TestARefusedMailIsNotTriedAgain(t *testing.T) {
	w := newWorld()
	for i := range 5 {
		w.note(fmt.Sprintf("mch_%d", i), "we_1")
		w.refuse[fmt.Sprintf("mch_%d@shop.example", i)] = fmt.Errorf("%w: 550", notice.ErrRefused)
	}
	last := w.note("mch_9", "we_1")
	require.Equal(t, 1, w.sendDue(t, 20))
	require.Len(t, w.attempts, 6)
	require.Len(t, w.told, 5)
	require.Empty(t, w.due)
	require.Equal(t, w.now, w.settled[last])
	require.Zero(t, w.settled["ntc_1"])
	w.now = w.now.Add(time.Hour)
	require.Zero(t, w.sendDue(t, 20))
	require.Len(t, w.attempts, 6)
}

func TestMerchantsTakeTurns(t *testing.T) {
	w := newWorld()
	for i := range 10 {
		w.note("mch_1", fmt.Sprintf("we_%d", i))
	}
	w.note("mch_2", "we_x")
	w.note("mch_3", "we_y")
	require.Equal(t, 4, w.sendDue(t, 4))
	require.Equal(t, []string{"mch_1@shop.example", "mch_2@shop.example", "mch_3@shop.example", "mch_1@shop.example"}, w.attempts)
}

// Nobody is flooded with mail by whoever entered the address.
func TestMailIsBounded(t *testing.T) {
	w := newWorld()
	w.note("mch_1", "we_1")
	require.Equal(t, 1, w.sendDue(t, 20))
	for range 70 {
		w.now = w.now.Add(time.Minute)
		again := w.note("mch_1", "we_1")
		require.Zero(t, w.sendDue(t, 20))
		require.Equal(t, time.Time{}, w.settled[again], "of one object once a day")
		require.NotContains(t, w.due, again)
	}
	w.now = w.now.Add(23 * time.Hour)
	w.note("mch_1", "we_1")
	require.Equal(t, 1, w.sendDue(t, 20), "and the next day again")

	for i := range 60 {
		w.note("mch_1", fmt.Sprintf("we_other%d", i))
		w.note("mch_2", "we_1")
	}
	w.attempts = nil
	for range 10 {
		w.sendDue(t, 20)
	}
	require.Empty(t, w.due)
	require.Equal(t, 19, strings.Count(strings.Join(w.attempts, " "), "mch_1"), "of all objects twenty times a day")
	require.Equal(t, 1, strings.Count(strings.Join(w.attempts, " "), "mch_2"))
}

func TestAnEndingProcessTellsOfNoFailures(t *testing.T) {
	w := newWorld()
	w.note("mch_1", "we_1")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := courier(w).SendDue(ended, 10)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, w.told)
	require.Empty(t, w.settled)
	require.Equal(t, w.now, w.due["ntc_1"])
}
