package stripe

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Webhook is a webhook endpoint that the simulator's options give.
type Webhook struct {
	// SecretKey is the API key of the account whose events it gets; empty: those
	// of all accounts.
	SecretKey string
	// URL is an absolute HTTP or HTTPS address; Secret signs the deliveries.
	URL, Secret string
	// Events are the types of event it gets; none: all.
	Events []string
}

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
	seq         int64 // up to 0 for those of the simulator's options
	url, secret string
	kinds       []string
}

func (t target) wants(kind string) bool {
	return slices.Contains(t.kinds, "*") || slices.Contains(t.kinds, kind)
}

// targets keeps the webhook endpoints in memory, so that a payment without any
// costs no query.
type targets struct {
	mu        sync.RWMutex
	everyone  []target // those for all accounts
	byAccount map[int64][]target
}

// configure adds the endpoints of the simulator's options. They are numbered in
// their order among those of the same account: 0, -2, -4 … for all accounts, and
// -1, -3, -5 … for one, so that no account has two of the same number.
func (t *targets) configure(webhooks []Webhook) error {
	for _, hook := range webhooks {
		if !webAddress(hook.URL) {
			return errors.New("webhook: URL must be an absolute HTTP or HTTPS address")
		}
		added := target{url: hook.URL, secret: hook.Secret, kinds: hook.Events}
		if len(added.kinds) == 0 {
			added.kinds = []string{"*"}
		}
		if key := strings.TrimSpace(hook.SecretKey); key != "" {
			account := accountOfKey(key)
			added.seq = -1 - 2*int64(len(t.byAccount[account]))
			t.byAccount[account] = append(t.byAccount[account], added)
			continue
		}
		added.seq = -2 * int64(len(t.everyone))
		t.everyone = append(t.everyone, added)
	}
	return nil
}

func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func (s *Simulator) loadTargets() error {
	if err := s.targets.configure(s.options.Webhooks); err != nil {
		return err
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
	if len(t.everyone) == 0 {
		return t.byAccount[account]
	}
	return slices.Concat(t.everyone, t.byAccount[account])
}

func (t *targets) listening(account int64) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.everyone) > 0 || len(t.byAccount[account]) > 0
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
	if !webAddress(created.URL) {
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
