package simulator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	maxWebhookDelay     = 60 * time.Second
	defaultWebhookDelay = 2 * time.Second
	// maxAgain is how long after its due time a second delivery may come.
	maxAgain = time.Second
)

// WebhookSetting is how unreliably webhooks are delivered. Each percentage, 0 to
// 100, is of all deliveries and independent of the others. The same seed gives
// the same fates to the same succession of deliveries.
type WebhookSetting struct {
	Seed int64 `json:"seed"`
	// DuplicatePercent are sent twice, the second time up to a second later.
	DuplicatePercent int `json:"duplicate_percent"`
	// DelayPercent are sent DelayMS late, so that later events come before them.
	DelayPercent int `json:"delay_percent"`
	// DelayMS is in milliseconds, at most 60,000; 0 means 2,000.
	DelayMS int64 `json:"delay_ms"`
	// DropPercent are lost the first time and sent by the first retry.
	DropPercent int `json:"drop_percent"`
}

// Fate is what is to happen to one delivery.
type Fate struct {
	Delay time.Duration
	Drop  bool
	// Again is how long after the first delivery a second one is due; 0: none.
	Again time.Duration
}

// WebhookFaults decides the fates of deliveries. Its setting is in memory only;
// it is safe for concurrent use.
type WebhookFaults struct {
	mu      sync.Mutex
	setting WebhookSetting
	random  *rand.Rand
}

// NewWebhookFaults makes one that leaves every delivery alone.
func NewWebhookFaults() *WebhookFaults {
	f := &WebhookFaults{}
	f.set(WebhookSetting{})
	return f
}

// Set replaces the setting and starts its random numbers anew. Deliveries that
// are waiting already keep their fates. Its errors are *FieldError.
func (f *WebhookFaults) Set(setting WebhookSetting) error {
	for _, percent := range []struct {
		field string
		value int
	}{
		{"duplicate_percent", setting.DuplicatePercent}, {"delay_percent", setting.DelayPercent}, {"drop_percent", setting.DropPercent},
	} {
		if percent.value < 0 || percent.value > 100 {
			return &FieldError{percent.field, "must be between 0 and 100"}
		}
	}
	if setting.DelayMS < 0 || setting.DelayMS > maxWebhookDelay.Milliseconds() {
		return &FieldError{"delay_ms", fmt.Sprintf("must be between 0 and %d", maxWebhookDelay.Milliseconds())}
	}
	if setting.DelayMS == 0 {
		setting.DelayMS = defaultWebhookDelay.Milliseconds()
	}
	f.set(setting)
	return nil
}

func (f *WebhookFaults) set(setting WebhookSetting) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.setting, f.random = setting, rand.New(rand.NewPCG(uint64(setting.Seed), 0)) //nolint:gosec // a test repeats itself on purpose
}

// Setting returns the setting in force.
func (f *WebhookFaults) Setting() WebhookSetting {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.setting
}

// Next decides the fate of the next delivery. Every fate takes the same number
// of random numbers, so that one percentage does not change what others hit.
func (f *WebhookFaults) Next() Fate {
	f.mu.Lock()
	defer f.mu.Unlock()
	duplicate, delay, drop := f.random.IntN(100), f.random.IntN(100), f.random.IntN(100)
	moment := time.Duration(1 + f.random.Int64N(int64(maxAgain)))
	fate := Fate{Drop: drop < f.setting.DropPercent}
	if delay < f.setting.DelayPercent {
		fate.Delay = time.Duration(f.setting.DelayMS) * time.Millisecond
	}
	if duplicate < f.setting.DuplicatePercent {
		fate.Again = moment
	}
	return fate
}

// Outbox holds the deliveries that are still to be made.
type Outbox interface {
	// Pending counts them; those that were given up are not among them.
	Pending(context.Context) (int64, error)
	// Flush makes all of them due now.
	Flush(context.Context) error
}

// webhookState is the answer of the /_sim/webhooks endpoints.
type webhookState struct {
	WebhookSetting
	Pending int64 `json:"pending"`
}

// Register adds POST, GET and DELETE /_sim/webhooks, and POST
// /_sim/webhooks/flush, to mux.
func (f *WebhookFaults) Register(mux *http.ServeMux, outbox Outbox) {
	state := func(w http.ResponseWriter, r *http.Request) {
		pending, err := outbox.Pending(r.Context())
		if err != nil {
			WriteProblem(w, http.StatusInternalServerError, "", "the outbox could not be read")
			return
		}
		WriteJSON(w, http.StatusOK, webhookState{f.Setting(), pending})
	}
	mux.HandleFunc("GET /_sim/webhooks", state)
	mux.HandleFunc("POST /_sim/webhooks", func(w http.ResponseWriter, r *http.Request) {
		var setting WebhookSetting
		if !ReadJSON(w, r, &setting) {
			return
		}
		if err := f.Set(setting); err != nil {
			WriteRefusal(w, err)
			return
		}
		state(w, r)
	})
	mux.HandleFunc("DELETE /_sim/webhooks", func(w http.ResponseWriter, _ *http.Request) {
		f.set(WebhookSetting{})
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /_sim/webhooks/flush", func(w http.ResponseWriter, r *http.Request) {
		if err := outbox.Flush(r.Context()); err != nil {
			WriteProblem(w, http.StatusInternalServerError, "", "the outbox could not be flushed")
			return
		}
		state(w, r)
	})
}
