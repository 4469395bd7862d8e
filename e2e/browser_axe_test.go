package e2e

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// axe is the accessibility checker axe-core (testdata/axe/README.md).
//
//go:embed testdata/axe/axe.min.js
var axe string

// violation is a rule of axe-core that a page breaks, and where.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// violations checks the page, or what a selector names of it.
func (w *window) violations(selector string) []violation {
	w.Helper()
	if !see[bool](w, `"axe" in window`) {
		w.do(chromedp.Evaluate[chromedp.Void](axe))
	}
	raw := see[string](w, fmt.Sprintf(`axe.run(%q).then(found => JSON.stringify(found.violations))`, selector))
	var found []violation
	require.NoError(w, json.Unmarshal([]byte(raw), &found))
	return found
}

// requireAccessible checks the page in every look.
func (w *window) requireAccessible(name string) {
	w.Helper()
	w.looks(name, func(th theme, d device) {
		require.Empty(w, w.violations("html"), "%s, %s, on a %s", name, th, d.name)
	})
}

func TestShoppersPagesAreAccessible(t *testing.T) {
	t.Parallel()
	s := newShop(t, shared(t, sqlite))
	for _, test := range []struct{ name, button, title, over string }{
		{"succeeded", approveButton, "Payment confirmed", "Payment approved"},
		{"failed", failButton, "Payment not completed", "Payment not approved"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := openWindow(t, s.hub.API, s.hub.Simulators["stripe"])
			p := challenged(t, s, nil)
			answerByKeyboard(w, p, test.button)
			w.heading(test.title)
			w.requireAccessible("return-" + test.name)
			w.open(p.NextAction.URL)
			w.heading(test.over)
			w.requireAccessible("3ds-" + test.name)
		})
	}
	t.Run("processing", func(t *testing.T) {
		t.Parallel()
		w := openWindow(t, s.hub.API, s.hub.Simulators["stripe"])
		p := challenged(t, s, nil)
		w.open(p.NextAction.URL)
		w.requireAccessible("3ds-open")
		w.open(s.hub.API + s.hub.returnPath(t, p.ID))
		w.heading("Payment is being processed")
		w.requireAccessible("return-processing")
	})
}

// The viewer is another's: what axe-core finds in it is told, not failed on. The
// page around it is ours.
func TestDocsPagesOwnShellIsAccessible(t *testing.T) {
	t.Parallel()
	h := shared(t, sqlite)
	w := openWindow(t, h.API)
	w.open(h.API + "/docs")
	w.heading("Payment Hub")
	for _, v := range w.violations("html") {
		if v.Impact != "serious" && v.Impact != "critical" {
			continue
		}
		for _, rule := range []string{"document-title", "html-has-lang", "html-lang-valid", "meta-viewport", "meta-refresh"} {
			require.NotEqual(t, rule, v.ID, v.Help)
		}
		t.Logf("in the viewer: %s (%s), %d times: %s", v.ID, v.Impact, len(v.Nodes), v.Nodes[0].HTML)
	}
}
