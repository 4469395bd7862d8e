package e2e

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// aside starts a command beside the hub that runs until it is interrupted.
func (h *hub) aside(t *testing.T, args ...string) *process {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	p, err := startProcess(path, t.TempDir(), nil, append(args, "--data-dir", h.dir.Path())...)
	require.NoError(t, err)
	t.Cleanup(p.kill)
	return p
}

// prints waits until the command has printed what matches, and returns it.
func (p *process) prints(t *testing.T, pattern string) (found string) {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	await(t, deliverLimit, "it prints "+pattern, func() bool {
		stdout, _ := p.output()
		found = expression.FindString(stdout)
		return found != ""
	})
	return found
}

// stop interrupts the command, which ends it as it should.
func (p *process) stop(t *testing.T) (stdout string) {
	t.Helper()
	_, err := p.interrupt()
	require.NoError(t, err)
	stdout, stderr := p.output()
	require.NotContains(t, stderr, "Error")
	require.NoError(t, p.crashed())
	return stdout
}

// A developer's server is started a little after listen is.
func TestListenForwardsToThisMachine(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		shop := client{h.API, h.Keys.SandboxSecret}
		address := quietAddress(t)
		p := h.aside(t, "listen", "--forward-to", "http://"+address+"/hooks")
		secret := p.prints(t, `whsec_\S+`)
		missed := shop.create(t, nil)
		eventID := shop.eventsOf(t, missed.ID)[0].ID
		p.prints(t, `payment_intent\.created +`+eventID+`  no answer: .*refused in \d+`)

		r := newReceiverAt(t, address, nil)
		paid := shop.create(t, paidWith(visa))
		for _, e := range shop.eventsOf(t, paid.ID) {
			p.prints(t, `\d\d:\d\d:\d\d  `+regexp.QuoteMeta(e.Type)+` +`+e.ID+`  200 OK in \d+`)
		}
		told := r.of(paid.ID)
		require.Equal(t, []string{"payment_intent.created", "payment_intent.succeeded"}, typesOf(told))
		for _, m := range told {
			require.True(t, m.signedBy(secret), "%v", m.header)
			require.Equal(t, "/hooks", m.path)
			require.Equal(t, string(shop.get(t, events+"/"+m.ID).raw), string(m.body))
		}
		require.Empty(t, r.of(missed.ID), "what nobody took is not sent again")
		stdout := p.stop(t)
		require.Regexp(t, `\n\d+ forwarded: \d+ taken, [1-9]\d* not\.\n$`, stdout)
		require.NotContains(t, stdout, h.Keys.SandboxSecret)
	})
}

func TestEventsAreTailed(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		shop := client{h.API, h.Keys.SandboxSecret}
		before := shop.create(t, nil)
		asJSON, lines := h.aside(t, "events", "tail", "--json"), h.aside(t, "events", "tail", "--type", "payment_intent.succeeded", "--since", "1h")
		await(t, deliverLimit, "it waits for events", func() bool { // it has begun when it tells of what is new
			probe := shop.create(t, nil)
			stdout, _ := asJSON.output()
			return strings.Contains(stdout, "pi_") && probe.ID != ""
		})
		paid := shop.create(t, paidWith(visa))
		lines.prints(t, `payment_intent\.succeeded +`+paid.ID+`  .*120\.00.*succeeded\n`)
		for _, e := range shop.eventsOf(t, paid.ID) {
			line := asJSON.prints(t, `(?m)^.*"`+e.ID+`".*\n`)
			var told struct {
				Type string `json:"type"`
			}
			require.NoError(t, json.Unmarshal([]byte(line), &told))
			require.Equal(t, e.Type, told.Type)
		}
		stdout := asJSON.stop(t)
		require.NotContains(t, stdout, before.ID, "it tells of what happens from now on")
		for line := range strings.Lines(stdout) {
			require.True(t, json.Valid([]byte(line)), line)
		}
		require.NotContains(t, lines.stop(t), "payment_intent.created")
	})
}
