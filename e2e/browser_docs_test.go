package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDocsPageNeedsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	h := shared(t, sqlite)
	w := openWindow(t, h.API)
	w.open(h.API + "/docs")
	w.heading("Payment Hub")
	require.Equal(t, "Payment Hub API", see[string](w, `document.title`))
	for _, operation := range []string{"Create a payment intent", "Capture an authorized payment", "Cancel a payment intent"} {
		w.until(fmt.Sprintf(`[...document.querySelectorAll("a")].some(a => a.textContent.includes(%q))`, operation))
	}
	w.looks("docs", func(th theme, _ device) {
		w.until(fmt.Sprintf(`document.body.classList.contains("%s-mode")`, th))
	})
}

func TestDocsPageOpensAtAnOperation(t *testing.T) {
	t.Parallel()
	h := shared(t, sqlite)
	for _, test := range []struct{ at, title string }{
		{"#hub/tag/payment-intents/POST/v3/payments/intents/{id}/capture", "Capture an authorized payment"},
		{"#hub/tag/refunds/POST/v3/payments/refunds", "Refund a payment"},
		{"#acquiring/tag/payments/POST/api/v1/payments/{id}/void", "Void an authorized payment"},
	} {
		t.Run(test.title, func(t *testing.T) {
			t.Parallel()
			w := openWindow(t, h.API)
			w.open(h.API + "/docs" + test.at)
			w.until(fmt.Sprintf(`[...document.querySelectorAll("h2, h3")].some(h => {
				const { top, height } = h.getBoundingClientRect();
				return h.textContent.trim() === %q && height > 0 && top >= 0 && top < innerHeight;
			})`, test.title))
			// Who scrolls on stays where they are: nothing pulls them back for good.
			w.until(`(() => { const stayed = window.up && scrollY === 0; window.up = true; scrollTo(0, 0); return stayed; })()`)
		})
	}
}
