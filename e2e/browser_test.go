package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// browserLimit bounds all that a test does in one window.
const browserLimit = 5 * time.Minute

// window is the only tab of a browser that a test has to itself. The test fails
// if a page turns to an origin that is not one of the window's, throws, or
// complains in the console: the browser reports breaches of a page's policy there.
type window struct {
	testing.TB
	ctx     context.Context
	origins []string

	mu         sync.Mutex
	complaints []string
	expected   []string // what the browser may say of answers that a test asks for
}

// chromium starts the browser that all tests have windows of. It ends with the tests.
var chromium = sync.OnceValues(func() (context.Context, error) {
	var path string
	err := exec.ErrNotFound
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path == "" {
			path, err = exec.LookPath(name)
		}
	}
	if err != nil {
		return nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.WSURLReadTimeout(startLimit), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		// Names resolve to nothing: what a page wants from elsewhere it cannot have.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	browser, _ := chromedp.NewContext(allocator)
	endChromium = end
	return browser, chromedp.Do(browser)
})

// endChromium ends the browser that was started.
var endChromium = func() {}

// openWindow opens a window without a past; it is closed with the test.
func openWindow(t testing.TB, origins ...string) *window {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long")
	}
	browser, err := chromium()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err)
	bounded, cancel := context.WithTimeout(browser, browserLimit)
	tab, closeTab := chromedp.NewContext(bounded, chromedp.WithNewBrowserContext())
	w := &window{TB: t, ctx: tab, origins: origins}
	t.Cleanup(func() {
		for _, complaint := range w.heard() {
			t.Error(complaint)
		}
		closeTab()
		cancel()
	})
	require.NoError(t, chromedp.Listen(tab, w.listen))
	w.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error { // as if it were the one that the person looks at
		_, err := cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	}))
	w.wear(light, desktop)
	return w
}

// listen keeps what a page must not do.
func (w *window) listen(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme != "blob" && !slices.Contains(w.origins, u.Scheme+"://"+u.Host) {
			w.complain("a request to elsewhere: %s", e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		what := e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			what += " " + thrown.Description
		}
		w.complain("an exception: %s %s", what, e.ExceptionDetails.URL)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			for _, arg := range e.Args {
				w.complain("a console error: %s %s", arg.Value, arg.Description)
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !w.expects(e.Entry.Text) {
			w.complain("an error of the browser: %s %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	}
}

// expect says what a test makes the browser report: it calls every answer above 399
// an error in the console.
func (w *window) expect(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected = append(w.expected, texts...)
}

func (w *window) expects(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.expected, func(expected string) bool { return strings.Contains(text, expected) })
}

func (w *window) complain(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.complaints = append(w.complaints, fmt.Sprintf(format, args...))
}

func (w *window) heard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.complaints)
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.Helper()
	require.NoError(w, chromedp.Do(w.ctx, steps...))
}

// open goes to an address as a person does who types it, and holds that what it
// ends at is there.
func (w *window) open(address string) {
	w.Helper()
	res, err := chromedp.RunResponse(w.ctx, chromedp.Navigate(address))
	require.NoError(w, err)
	require.Equal(w, int64(200), res.Status, address)
}

// first runs a script before those of each page that is opened from here on.
func (w *window) first(script string) {
	w.Helper()
	w.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	}))
}

// press presses keys, one after the other.
func (w *window) press(keys ...string) {
	w.Helper()
	for _, key := range keys {
		w.do(chromedp.KeyEvent(key))
	}
}

// tabTo moves the focus with the keyboard until it is on an element with the
// text, which must not take more than ten steps.
func (w *window) tabTo(text string) {
	w.Helper()
	for range 10 {
		w.press(kb.Tab)
		if see[string](w, `document.activeElement.textContent.trim()`) == text {
			return
		}
	}
	w.Fatalf("the keyboard does not reach %q", text)
}

// back goes back one page. A page that the browser kept whole comes back without
// being loaded, so whoever calls waits for what they expect. It goes after this has
// been answered: a page that is leaving answers nothing.
func (w *window) back() {
	w.Helper()
	w.do(chromedp.Evaluate[chromedp.Void](`void setTimeout(() => history.back())`))
}

// see evaluates an expression in the page.
func see[T any](w *window, expression string) T {
	w.Helper()
	v, err := chromedp.Run(w.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(w, err, expression)
	return v
}

// until waits for an expression to be true. While the browser is between two
// pages there is nothing that could evaluate it.
func (w *window) until(expression string) {
	w.Helper()
	for {
		done, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && done {
			return
		}
		select {
		case <-w.ctx.Done():
			w.Fatalf("not within %s: %s (%v)\n%s", browserLimit, expression, err, strings.Join(w.heard(), "\n"))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// heading waits for a page with this heading.
func (w *window) heading(text string) {
	w.Helper()
	w.until(fmt.Sprintf(`document.readyState === "complete" && document.querySelector("h1")?.textContent.trim() === %q`, text))
}
