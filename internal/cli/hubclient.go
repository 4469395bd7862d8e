package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"paymenthub/internal/datadir"
	"paymenthub/internal/vault"
	"paymenthub/internal/webhook"
)

const (
	keyVariable    = "PAYMENTHUB_API_KEY"
	secretKeyStart = "sk_"
	liveKeyStart   = "sk_live_"
)

const (
	callTimeout = 20 * time.Second
	maxAnswer   = 32 << 20
	// A hub that is away is asked again after firstPatience, doubled each time up to
	// longestPatience, or as long as it says, up to a minute.
	firstPatience   = time.Second
	longestPatience = 15 * time.Second
	longestAsked    = time.Minute
)

// hubFlags say which hub a command asks, and as whom.
type hubFlags struct{ url, key string }

func (f *hubFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.url, "url", "", "the hub's address; default: that of the hub that runs on the data folder")
	flags.StringVar(&f.key, "api-key", "", "secret key (sk_…); default: $"+keyVariable+", then the demo merchant's for the sandbox")
	flags.String("data-dir", datadir.Default, "data folder of development mode")
}

// client makes the client that the flags ask for. The data folder's key goes to the
// data folder's hub alone.
func (f hubFlags) client(cmd *cobra.Command) (*hubClient, error) {
	path, err := cmd.Flags().GetString("data-dir")
	if err != nil {
		return nil, err
	}
	info, _, err := datadir.At(path).ReadInfo()
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(cmp.Or(f.url, info.API), "/")
	if base == "" {
		return nil, fmt.Errorf("there is no dev.json in %s; start paymenthub dev, or name the hub with --url and a key with --api-key", path)
	}
	address, err := webAddress(base, "--url")
	if err != nil {
		return nil, err
	}
	key := cmp.Or(f.key, os.Getenv(keyVariable))
	if key == "" && base == info.API {
		key = info.Keys.SandboxSecret
	}
	switch {
	case key == "":
		return nil, fmt.Errorf("a key of %s is needed: --api-key or $%s", base, keyVariable)
	case !strings.HasPrefix(key, secretKeyStart):
		return nil, errors.New("events are read with a secret key (sk_…)")
	case isLive(key) && address.Scheme != "https" && !webhook.Loopback(address.Hostname()):
		return nil, errors.New("a live key is sent over HTTPS alone")
	}
	return &hubClient{
		base: base, key: vault.Secret(key), told: cmd.ErrOrStderr(), patience: firstPatience,
		http: &http.Client{Timeout: callTimeout, CheckRedirect: stay},
	}, nil
}

func isLive(key string) bool { return strings.HasPrefix(key, liveKeyStart) }

// webAddress reads an http or https URL from a flag.
func webAddress(text, flag string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("%s must be an address such as http://localhost:3000, not %q", flag, text)
	}
	return u, nil
}

// stay has redirects answered as they are: neither a key nor a signed message is for
// somebody else.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// hubClient reads from a hub over its API, as a merchant does. One goroutine uses it.
type hubClient struct {
	base     string
	key      vault.Secret
	http     *http.Client
	told     io.Writer     // what a person should know besides
	patience time.Duration // after the first failure
}

// absence is why a hub has no answer now that may have one later.
type absence struct {
	why   string
	busy  bool          // it is there and asks to be left alone
	after time.Duration // that it asks for; 0: it says nothing
}

func (a absence) Error() string { return a.why }

// get reads a JSON answer. While the hub is away, or asks to be left alone, it waits
// and asks again until ctx ends. Errors: what the hub refuses, ctx's.
func (c *hubClient) get(ctx context.Context, path string, query url.Values, answer any) error {
	waiting := false
	for failures := 0; ; failures++ {
		err := c.ask(ctx, path, query, answer)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var away absence
		if !errors.As(err, &away) {
			if waiting {
				say(c.told, "The hub answers again.")
			}
			return err
		}
		if !waiting && (!away.busy || failures > 0) { // being slowed down once is nothing to tell of
			waiting = true
			say(c.told, "Waiting for the hub: %s", oneLine(away.why))
		}
		pause := min(c.patience<<min(failures, 6), longestPatience)
		if err := sleep(ctx, max(pause, min(away.after, longestAsked))); err != nil {
			return err
		}
	}
}

// ask reads a JSON answer, asking once. Errors: absence, or what is not worth asking again.
func (c *hubClient) ask(ctx context.Context, path string, query url.Values, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.key.Reveal())
	response, err := c.http.Do(request)
	if err != nil {
		return absence{why: reason(err)}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return absence{why: reason(err)}
	}
	if busy := response.StatusCode == http.StatusTooManyRequests; busy || response.StatusCode >= http.StatusInternalServerError {
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // else 0
		return absence{why: "it answered " + response.Status, busy: busy, after: time.Duration(max(seconds, 0)) * time.Second}
	}
	if response.StatusCode != http.StatusOK {
		var refused struct {
			Error struct {
				Message string `json:"message"`
			} `json:"error"`
		}
		_ = json.Unmarshal(body, &refused) // the status says enough
		return fmt.Errorf("the hub at %s answered %s: %s", c.base, oneLine(response.Status), oneLine(refused.Error.Message))
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("what answers at %s is no hub: %w", c.base, err)
	}
	return nil
}

// reason says why a request had no answer, without the request.
func reason(err error) string {
	var failed *url.Error
	if errors.As(err, &failed) {
		if failed.Timeout() {
			return "no answer in time"
		}
		err = failed.Err
	}
	return err.Error()
}

// sleep waits, until ctx ends at most.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
