// Package webhooks_test runs what docs/WEBHOOKS.md shows to receivers of webhooks against
// messages that the hub renders and signs.
package webhooks_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/api/dialect"
	"paymenthub/internal/event"
	"paymenthub/internal/merchant"
	"paymenthub/internal/payment"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

// language is one that the document shows a receiver in.
type language struct {
	file  string
	fence string // of its block in the document
	// prepare returns the command that runs it, all but the header.
	prepare func(t *testing.T) []string
}

var languages = []language{
	{"verify.js", "js", interpreted("node", "verify.js")},
	{"verify.py", "py", interpreted("python3", "verify.py")},
	{"verify.php", "php", interpreted("php", "verify.php")},
	{"Verify.java", "java", func(t *testing.T) []string {
		need(t, "java")
		out := t.TempDir()
		build(t, need(t, "javac"), "-d", out, "Verify.java")
		return []string{"java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", out, "Verify"}
	}},
	{"verify.go", "go", func(t *testing.T) []string {
		out := filepath.Join(t.TempDir(), "verify")
		build(t, need(t, "go"), "build", "-o", out, "verify.go")
		return []string{out}
	}},
}

func interpreted(interpreter, file string) func(*testing.T) []string {
	return func(t *testing.T) []string { return []string{need(t, interpreter), file} }
}

// need skips a test on a machine without the command, and fails it where CI=true.
func need(t *testing.T, command string) string {
	t.Helper()
	path, err := exec.LookPath(command)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("no %s on the PATH", command)
	}
	t.Skipf("no %s on the PATH", command)
	return ""
}

func build(t *testing.T, command string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), command, args...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// message is one as it comes to a receiver.
type message struct {
	header string
	body   []byte
	secret vault.Secret // that the receiver has
}

// run shows a message to a receiver and returns what it prints, and whether it takes it.
func run(t *testing.T, command []string, m message) (printed string, taken bool) {
	t.Helper()
	c := exec.CommandContext(t.Context(), command[0], append(command[1:], m.header)...)
	c.Env = append(os.Environ(), "WEBHOOK_SECRET="+m.secret.Reveal())
	c.Stdin = bytes.NewReader(m.body)
	var complaint bytes.Buffer
	c.Stderr = &complaint
	out, err := c.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		require.Equal(t, 1, exit.ExitCode(), complaint.String())
	} else {
		require.NoError(t, err)
	}
	require.Empty(t, complaint.String())
	return strings.TrimSpace(string(out)), err == nil
}

// paid is an event with letters of many kinds in it, and its message.
func paid(t *testing.T, d webhook.Dialect) (e event.Event, body []byte) {
	t.Helper()
	p := payment.Intent{
		ID: "pi_01KA0V9Y2B4D6F8H1K3M5P7R9T", Scope: merchant.Scope{MerchantID: "mch_01KA0QZ5T3V8N2W7X9Y4R6S1BC", Environment: merchant.Sandbox},
		Status: payment.Succeeded, Amount: 2000, AmountCaptured: 2000, Currency: "EUR",
		Metadata: map[string]string{"buyer": "Zoë & Søn <Ñandú>", "注文": "№7 🧾"},
	}
	e, err := event.New(p.Scope, event.PaymentSucceeded, p.ID, p, time.Now())
	require.NoError(t, err)
	body, err = dialect.Renderer{}.Render(d, d.Names(e)[0], e)
	require.NoError(t, err)
	return e, body
}

// signed is the header that the receiver is shown, of a message sent at the time.
func signed(t *testing.T, d webhook.Dialect, e event.Event, body []byte, at time.Time, secrets ...vault.Secret) string {
	t.Helper()
	name := map[webhook.Dialect]string{webhook.Hub: "X-AMICA-Signature", webhook.Acquiring: "X-Webhook-Signature"}[d]
	for _, h := range webhook.Sign(d, e.ID, at, body, secrets) {
		if h.Name == name {
			return h.Value
		}
	}
	t.Fatalf("no %s", name)
	return ""
}

func TestReceiversTakeWhatIsGenuineAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, l := range languages {
		t.Run(l.file, func(t *testing.T) {
			t.Parallel()
			command := l.prepare(t)
			e, body := paid(t, webhook.Hub)
			for what, m := range genuine(t, e, body) {
				printed, taken := run(t, command, m)
				require.True(t, taken, what)
				require.Equal(t, e.ID, printed, what)
			}
			for what, m := range forged(t, e, body) {
				printed, taken := run(t, command, m)
				require.False(t, taken, what)
				require.Equal(t, "invalid", printed, what)
			}
		})
	}
}

func genuine(t *testing.T, e event.Event, body []byte) map[string]message {
	secret, previous := webhook.NewSecret(), webhook.NewSecret()
	rotating := signed(t, webhook.Hub, e, body, time.Now(), secret, previous)
	return map[string]message{
		"sent now":                      {signed(t, webhook.Hub, e, body, time.Now(), secret), body, secret},
		"sent three minutes ago":        {signed(t, webhook.Hub, e, body, time.Now().Add(-3*time.Minute), secret), body, secret},
		"rotated, the new secret known": {rotating, body, secret},
		"rotated, the old secret known": {rotating, body, previous},
		"in Acquiring's header":         {signed(t, webhook.Acquiring, e, body, time.Now(), secret), body, secret},
	}
}

func forged(t *testing.T, e event.Event, body []byte) map[string]message {
	secret := webhook.NewSecret()
	now := time.Now()
	header := signed(t, webhook.Hub, e, body, now, secret)
	old := signed(t, webhook.Hub, e, body, now.Add(-6*time.Minute), secret)
	_, signatures, _ := strings.Cut(old, ",")
	var written bytes.Buffer
	require.NoError(t, json.Indent(&written, body, "", "  "))
	return map[string]message{
		"another body":         {header, bytes.Replace(body, []byte("2000"), []byte("9000"), 1), secret},
		"a body written again": {header, written.Bytes(), secret},
		"an empty body":        {header, nil, secret},
		"another secret":       {header, body, webhook.NewSecret()},
		"old":                  {old, body, secret},
		"from the future":      {signed(t, webhook.Hub, e, body, now.Add(20*time.Minute), secret), body, secret},
		"old with a new time":  {fmt.Sprintf("t=%d,%s", now.Unix(), signatures), body, secret},
		"no header":            {"", body, secret},
		"no signature":         {fmt.Sprintf("t=%d", now.Unix()), body, secret},
		"an empty signature":   {fmt.Sprintf("t=%d,v1=", now.Unix()), body, secret},
		"no time":              {strings.Split(header, ",")[1], body, secret},
		"time of no digits":    {"t=now,v1=0a", body, secret},
		"time of many digits":  {"t=" + strings.Repeat("9", 400) + ",v1=0a", body, secret},
		"bytes of no letters":  {fmt.Sprintf("t=%d,v1=\u00e9%s,v1", now.Unix(), strings.Repeat("zz", 31)), body, secret},
	}
}

// The document shows the functions that are run here.
func TestTheDocumentShowsWhatIsTested(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../WEBHOOKS.md")
	require.NoError(t, err)
	for _, l := range languages {
		text, err := os.ReadFile(l.file)
		require.NoError(t, err)
		require.Contains(t, string(document), "```"+l.fence+"\n"+shown(t, string(text))+"\n```\n", "docs/WEBHOOKS.md does not show %s as it is", l.file)
	}
}

// shown is what stands between the marks of a file, without the indentation of the first.
func shown(t *testing.T, text string) string {
	t.Helper()
	before, text, found := strings.Cut(text, "docs:begin\n")
	require.True(t, found)
	text, _, found = strings.Cut(text, "docs:end")
	require.True(t, found)
	text = text[:strings.LastIndex(text, "\n")]
	mark := before[strings.LastIndex(before, "\n")+1:]
	indent := mark[:len(mark)-len(strings.TrimLeft(mark, " "))]
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, indent)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
