package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paymenthub/internal/event"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

const (
	forwardTimeout = 15 * time.Second          // as a webhook's
	forwardAgent   = "PaymentHub-Webhooks/1.0" // as a webhook's
	maxDrained     = 64 << 10                  // of a receiver's answer, so that its connection is used again
)

func listenCommand() *cobra.Command {
	var hub hubFlags
	var to, dialect, secret string
	var types []string
	cmd := &cobra.Command{
		Use: "listen", Short: "Forward sandbox events to a server on this machine", Args: cobra.NoArgs,
		Long: `Forward the sandbox's events to a server on this machine as webhooks, signed with a
secret of this session, and print what it answers, until interrupted. Each event is sent
once, in order; a webhook endpoint of the hub's would be tried again.`,
		Example: "  paymenthub listen --forward-to http://localhost:3000/webhooks\n  paymenthub listen --forward-to http://localhost:3000/hooks --dialect acquiring --events payment.captured",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := forwarder{to: to, dialect: webhook.Dialect(dialect), secret: vault.Secret(secret), wanted: types, out: cmd.OutOrStdout()}
			if err := f.check(); err != nil {
				return err
			}
			client, err := hub.client(cmd)
			if err != nil {
				return err
			}
			if isLive(client.key.Reveal()) {
				return errors.New("only sandbox events are forwarded, and this is a live key; paymenthub events tail shows live events")
			}
			return f.run(cmd.Context(), &follower{hub: client, every: followEvery})
		},
	}
	hub.add(cmd.Flags())
	cmd.Flags().StringVar(&to, "forward-to", "", "where to, http://localhost:3000/webhooks (required)")
	cmd.Flags().StringSliceVar(&types, "events", nil, "only these events, in the dialect's words; may be repeated")
	cmd.Flags().StringVar(&dialect, "dialect", string(webhook.Hub), "in whose words: hub, acquiring, connect or cashier")
	cmd.Flags().StringVar(&secret, "secret", "", "sign with this secret (whsec_…); default: a new one, which is printed")
	_ = cmd.MarkFlagRequired("forward-to")
	return cmd
}

// forwarder sends events to a receiver as the hub sends webhooks.
type forwarder struct {
	to      string
	dialect webhook.Dialect
	secret  vault.Secret
	wanted  wantedTypes
	out     io.Writer

	hub           *hubClient
	http          *http.Client
	taken, failed int
}

// check refuses what cannot be forwarded.
func (f *forwarder) check() error {
	if _, err := webAddress(f.to, "--forward-to"); err != nil {
		return err
	}
	if !f.dialect.Valid() {
		return fmt.Errorf("--dialect must be one of %v, not %q", webhook.Dialects, f.dialect)
	}
	if f.secret != "" && !isSigningSecret(f.secret.Reveal()) {
		return errors.New("--secret must be whsec_ and 24 to 64 bytes in base64")
	}
	return f.wanted.check("--events", eventNames(f.dialect))
}

// isSigningSecret reports whether a text is a secret as the Standard Webhooks
// specification has it.
func isSigningSecret(text string) bool {
	encoded, ok := strings.CutPrefix(text, "whsec_")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	return ok && err == nil && len(raw) >= 24 && len(raw) <= 64
}

func (f *forwarder) run(ctx context.Context, events *follower) error {
	f.hub, f.http = events.hub, &http.Client{
		Timeout: forwardTimeout, CheckRedirect: stay,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableCompression: true}, // without Accept-Encoding, as a webhook
	}
	defer f.http.CloseIdleConnections()
	if err := events.begin(ctx, time.Time{}); err != nil {
		return untilInterrupted(err)
	}
	line := fmt.Sprintf("Forwarding sandbox events of %s to %s, in the words of %s.\n", f.hub.base, f.to, f.dialect)
	if f.secret == "" {
		f.secret = webhook.NewSecret()
		line += fmt.Sprintf("They are signed with %s\n", f.secret.Reveal())
	}
	if _, err := io.WriteString(f.out, line); err != nil {
		return err
	}
	err := untilInterrupted(events.follow(ctx, func(e publicEvent) error { return f.forward(ctx, e) }))
	_, printErr := fmt.Fprintf(f.out, "%d forwarded: %d taken, %d not.\n", f.taken+f.failed, f.taken, f.failed)
	return errors.Join(err, printErr)
}

// payload is an event's message to an endpoint of a dialect; Type is nil where the
// dialect has no word for it.
type payload struct {
	Type *string `json:"type"`
	Body string  `json:"body"`
}

// forward sends one event, if it is asked for.
func (f *forwarder) forward(ctx context.Context, e publicEvent) error {
	sameWords := f.dialect == webhook.Hub || f.dialect == webhook.Connect
	if sameWords && !f.wanted.has(e.Type) {
		return nil // not worth a request
	}
	var p payload
	if err := f.hub.get(ctx, "/v3/events/"+e.ID+"/payload", f.query(e), &p); err != nil {
		return err
	}
	if p.Type == nil || !f.wanted.has(*p.Type) {
		return nil
	}
	answer, took, err := f.send(ctx, e.ID, []byte(p.Body))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		answer = "no answer: " + reason(err)
	}
	line := fmt.Sprintf("%s  %-30s  %s  %s in %s", time.Now().Format(time.TimeOnly), *p.Type, e.ID, answer, took.Round(time.Millisecond))
	_, err = fmt.Fprintln(f.out, oneLine(line))
	return err
}

// query asks for an event by the name that an endpoint which wants the same would be told:
// an event may have several. A test has one, which no endpoint asks for.
func (f *forwarder) query(e publicEvent) url.Values {
	q := url.Values{"dialect": {string(f.dialect)}}
	if len(f.wanted) == 0 || e.Type == string(event.WebhookEndpointTest) {
		return q
	}
	for _, name := range f.dialect.Types() {
		if f.wanted.has(name) {
			q.Add("event_types", name)
		}
	}
	return q
}

// send makes the request and returns what the receiver answered.
func (f *forwarder) send(ctx context.Context, eventID string, body []byte) (status string, took time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.to, bytes.NewReader(body))
	if err != nil {
		return "", 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", forwardAgent)
	began := time.Now()
	for _, h := range webhook.Sign(f.dialect, eventID, began, body, []vault.Secret{f.secret}) {
		request.Header.Set(h.Name, h.Value)
	}
	response, err := f.http.Do(request)
	if err != nil {
		f.failed++
		return "", time.Since(began), err
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxDrained)
	_ = response.Body.Close()
	if response.StatusCode >= 200 && response.StatusCode <= 299 {
		f.taken++
	} else {
		f.failed++
	}
	return response.Status, time.Since(began), nil
}
