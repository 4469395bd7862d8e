package stripe

import (
	"encoding/json"
	"net/url"
	"slices"
	"sync"
)

type webhookEndpoint struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	APIVersion    string            `json:"api_version"`
	Application   *string           `json:"application"`
	Created       int64             `json:"created"`
	Description   *string           `json:"description"`
	EnabledEvents []string          `json:"enabled_events"`
	Livemode      bool              `json:"livemode"`
	Metadata      map[string]string `json:"metadata"`
	Secret        string            `json:"secret,omitempty"` // answered once, on creation
	Status        string            `json:"status"`
	URL           string            `json:"url"`
}

// target is where events are delivered to.
type target struct {
	seq         int64 // 0 for the one of the simulator's options
	url, secret string
	kinds       []string
}

func (t target) wants(kind string) bool {
	return slices.Contains(t.kinds, "*") || slices.Contains(t.kinds, kind)
}

// targets keeps the webhook endpoints in memory, so that a payment without any
// costs no query.
type targets struct {
	mu         sync.RWMutex
	configured *target
	byAccount  map[int64][]target
}

func (s *Simulator) loadTargets() error {
	if s.options.WebhookURL != "" {
		s.targets.configured = &target{url: s.options.WebhookURL, secret: s.options.WebhookSecret, kinds: []string{"*"}}
	}
	rows, err := s.store.query(`SELECT seq, account, secret, doc FROM webhook_endpoints ORDER BY seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var t target
		var account int64
		var doc []byte
		var stored webhookEndpoint
		if err := rows.Scan(&t.seq, &account, &t.secret, &doc); err != nil {
			return err
		}
		if err := json.Unmarshal(doc, &stored); err != nil {
			return err
		}
		t.url, t.kinds = stored.URL, stored.EnabledEvents
		s.targets.byAccount[account] = append(s.targets.byAccount[account], t)
	}
	return rows.Err()
}

// of lists where an account's events go.
func (t *targets) of(account int64) []target {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.configured == nil {
		return t.byAccount[account]
	}
	return append([]target{*t.configured}, t.byAccount[account]...)
}

func (t *targets) listening(account int64) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.configured != nil || len(t.byAccount[account]) > 0
}

// find is the endpoint of a delivery; false when it is gone.
func (t *targets) find(account, seq int64) (target, bool) {
	for _, candidate := range t.of(account) {
		if candidate.seq == seq {
			return candidate, true
		}
	}
	return target{}, false
}

func (t *targets) add(account int64, added target) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byAccount[account] = append(slices.Clone(t.byAccount[account]), added)
}

func (t *targets) remove(account, seq int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byAccount[account] = slices.DeleteFunc(slices.Clone(t.byAccount[account]), func(other target) bool { return other.seq == seq })
}

func createWebhookEndpoint(c *call) (effect, error) {
	f := c.form
	created := webhookEndpoint{
		Object: "webhook_endpoint", APIVersion: f.choice("api_version", apiVersion, apiVersion), Description: f.optional("description"),
		EnabledEvents: f.list("enabled_events"), Metadata: f.metadata(nil), Status: "enabled", URL: f.required("url"),
	}
	if u, err := url.Parse(created.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		f.fail(invalid("url_invalid", "url", "Invalid URL: An explicit scheme (such as https) must be provided."))
	}
	if len(created.EnabledEvents) == 0 {
		f.fail(invalid("parameter_missing", "enabled_events", "Missing required param: enabled_events."))
	}
	return func(tx *transaction) ([]byte, error) {
		seq := c.sim.seq.next()
		secret := "whsec_" + randomText(32)
		created.ID, created.Created = newID("we_", seq), seconds(seq)
		err := tx.exec(`INSERT INTO webhook_endpoints (seq, account, secret, doc) VALUES (?, ?, ?, ?)`, seq, c.account, secret, mustMarshal(&created))
		tx.committed(func() {
			c.sim.targets.add(c.account, target{seq, created.URL, secret, created.EnabledEvents})
		})
		created.Secret = secret
		return mustMarshal(&created), err
	}, nil
}

func deleteWebhookEndpoint(c *call) (effect, error) {
	id := c.r.PathValue("id")
	return func(tx *transaction) ([]byte, error) {
		doc, err := find(tx, c.account, "webhook_endpoints", "we_", id)
		if err == nil && doc == nil {
			err = missing("webhook endpoint", id, "id")
		}
		if err != nil {
			return nil, err
		}
		seq := seqOf(id)
		tx.committed(func() { c.sim.targets.remove(c.account, seq) })
		return mustMarshal(struct {
			ID      string `json:"id"`
			Object  string `json:"object"`
			Deleted bool   `json:"deleted"`
		}{id, "webhook_endpoint", true}), tx.exec(`DELETE FROM webhook_endpoints WHERE seq = ?`, seq)
	}, nil
}

func listWebhookEndpoints(c *call, q querier) ([]byte, error) {
	return c.list(q, listing{table: "webhook_endpoints", prefix: "we_", url: "/v1/webhook_endpoints"})
}
