package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

const consolePage = "/console/webhooks"

// desk is the console of a hub's demo merchant, who pays through the API meanwhile. The
// hub is the test's own.
type desk struct {
	*window
	hub  *hub
	shop client
}

func openDesk(t *testing.T) desk {
	t.Helper()
	h := newHub(t, sqlite)
	return desk{openWindow(t, h.API), h, client{h.API, h.Keys.SandboxSecret}}
}

// follow clicks what a selector names.
func (d desk) follow(selector string) {
	d.Helper()
	d.until(fmt.Sprintf(`document.readyState === "complete" && document.querySelector(%q) !== null`, selector))
	d.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`void document.querySelector(%q).click()`, selector)))
}

// says waits for what the page says was done.
func (d desk) says(text string) {
	d.Helper()
	d.until(fmt.Sprintf(`document.querySelector(".said.good")?.innerText.trim() === %q`, text))
}

// rows waits until the table has a number of deliveries that succeeded.
func (d desk) rows(number int) {
	d.Helper()
	d.until(fmt.Sprintf(`document.querySelectorAll("#rows tr[data-status=succeeded]").length === %d`, number))
}

// add adds an endpoint in the page and returns its secret.
func (d desk) add(url string) (secret string) {
	d.Helper()
	d.open(d.hub.API + consolePage)
	d.heading("Webhooks")
	d.follow(`a[href="/console/webhooks/new"]`)
	d.heading("Add endpoint")
	d.fill("url", url)
	d.press(kb.Enter)
	d.heading("The endpoint is added")
	secret = see[string](d.window, `document.getElementById("secret").textContent`)
	require.Regexp(d, `^whsec_\S{40,}$`, secret)
	d.follow("main a.main")
	d.heading(url)
	return secret
}

// remove deletes the endpoint that the page shows.
func (d desk) remove() {
	d.Helper()
	d.follow(".danger a")
	d.heading("Delete this endpoint?")
	d.follow("button.bad")
	d.heading("Webhooks")
	d.says("The endpoint is deleted, and what was on its way to it is canceled.")
}

func TestADeliveryIsFollowedInTheConsole(t *testing.T) {
	t.Parallel()
	d, r := openDesk(t), newReceiver(t, nil)
	secret := d.add(r.URL)
	paid := d.shop.paid(t, 12_000)
	d.rows(2) // without loading the page again
	d.until(`/^(New delivery: |2 new deliveries, the latest: )payment_intent\./.test(document.getElementById("announcer").textContent)`)
	require.True(t, r.of(paid.ID)[0].signedBy(secret))

	d.follow(`tr[data-type="payment_intent.succeeded"] a`)
	d.heading("payment_intent.succeeded")
	require.Contains(t, see[string](d.window, `document.getElementById("sent").textContent`), `"id": "`+paid.ID+`"`)
	require.Equal(t, "HTTP 200", see[string](d.window, `document.querySelector(".line .good").textContent`))
	require.Contains(t, see[string](d.window, `document.querySelector(".headers").innerText`), "X-Amica-Signature")
	require.Zero(t, see[int](d.window, `[...document.querySelectorAll(".headers")].filter(e => e.scrollHeight > e.clientHeight).length`), "all headers are in view")
	require.Equal(t, 0, see[int](d.window, `document.querySelectorAll(".said.test").length`), "the body is what was sent")

	d.follow("#redeliver")
	d.says("The delivery is on its way again.")
	d.until(`document.querySelectorAll(".timeline .succeeded").length === 2`)
	told := r.of(paid.ID)
	require.Len(t, told, 3)
	require.Equal(t, told[1].ID, told[2].ID, "it can be told from another event")
	d.follow("#attempt-1")
	d.until(`document.querySelector("#attempt-1")?.hasAttribute("aria-current") && document.activeElement.id !== "attempt-2"`)
	require.Contains(t, see[string](d.window, `location.search`), "attempt=1")

	d.follow("#to-endpoint")
	d.heading(r.URL)
	d.remove()
}

func TestAnEndpointIsLookedAfterInTheConsole(t *testing.T) {
	t.Parallel()
	d, r := openDesk(t), newReceiver(t, nil)
	d.add(r.URL)
	at := see[string](d.window, `location.pathname`)
	d.follow(".actions button.main")
	d.heading("webhook_endpoint.test")
	d.until(`document.querySelector(".said.test")?.innerText.trim() === "The test was sent. This is what came of it."`)
	require.Equal(t, []string{"webhook_endpoint.test"}, typesOf(r.messages()))

	d.open(d.hub.API + at)
	d.follow(`form[action$="/disable"] button`)
	d.says("The endpoint is disabled. It is told of nothing until you enable it.")
	d.shop.paid(t, 100)
	d.follow(`form[action$="/enable"] button`)
	d.says("The endpoint is enabled. It is told of events from now on.")
	d.rows(1)

	d.follow("#live") // stops the tail
	d.until(`document.getElementById("live").getAttribute("aria-pressed") === "false"`)
	d.shop.paid(t, 100)
	await(t, deliverLimit, "the events arrive", func() bool { return len(r.messages()) == 3 })
	time.Sleep(1500 * time.Millisecond) // longer than from one look to the next
	d.rows(1)
	d.follow("#live")
	d.rows(3)
	d.follow("#status")
	d.do(chromedp.Evaluate[chromedp.Void](`{ const s = document.getElementById("status"); s.value = "failed"; s.dispatchEvent(new Event("change", { bubbles: true })); }`))
	d.until(`document.querySelector("#rows .quiet")?.textContent.includes("No delivery is like this") && location.search.includes("status=failed")`)

	d.open(d.hub.API + at + "/redeliver")
	d.follow(`input[value="range"]`)
	d.follow("form button.main")
	d.heading(r.URL)
	d.says("The redelivery has begun. You can leave this page; it goes on.")
	d.until(`document.querySelector(".replays .chip")?.textContent === "completed"`)
	await(t, deliverLimit, "all are told again", func() bool { return len(r.messages()) >= 5 })
	d.remove()
}

func TestTheConsoleSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.expect("status of 400")
	d.open(d.hub.API + consolePage + "/new")
	d.fill("url", "http://169.254.169.254/latest/meta-data")
	d.press(kb.Enter)
	d.until(`document.getElementById("url-error") !== null`)
	require.Equal(t, "http://169.254.169.254/latest/meta-data", d.value("url"))
	require.Equal(t, "url", see[string](d.window, `document.activeElement.id`))
}

// Where nothing moves the page looks every five seconds in the end, and as soon as somebody
// is back at it. Its seconds pass when the test says so.
func TestTheConsoleLooksLessOftenWhereNothingMoves(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.first(`{
		const every = window.setInterval;
		window.setInterval = (f, pause) => pause === 1_000 ? (window.second = f, 0) : every(f, pause);
		let looks = 0;
		addEventListener("htmx:beforeRequest", e => { looks += e.target.id === "rows" ? 1 : 0; });
		window.pass = async seconds => {
			for (looks = 0; seconds > 0; seconds--) {
				window.second();
				while (document.querySelector("[data-poll].htmx-request")) await new Promise(done => setTimeout(done, 10));
			}
			return looks;
		};
	}`)
	r := newReceiver(t, nil)
	d.add(r.URL)
	looks := func(seconds int) int { return see[int](d.window, fmt.Sprintf(`pass(%d)`, seconds)) }
	require.Equal(t, 3, looks(3), "of which all but the first found nothing new")
	d.do(chromedp.Evaluate[chromedp.Void](`for (let i = 0; i < 40; i++) document.dispatchEvent(new CustomEvent("htmx:beforeSwap", {
		detail: { target: document.getElementById("rows"), xhr: { status: 304, getResponseHeader() {} } },
	}))`))
	require.Equal(t, 2, looks(10))
	d.do(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event("focus"))`))
	require.Equal(t, 3, looks(3))
	d.remove()
}

func TestTheConsoleIsAccessible(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.open(d.hub.API + consolePage + "?environment=live")
	d.heading("Webhooks")
	d.requireAccessible("console-empty")
	r := newReceiver(t, nil)
	d.add(r.URL)
	at := d.hub.API + see[string](d.window, `location.pathname`)
	d.shop.paid(t, 12_000)
	d.rows(2)
	d.requireAccessible("console-endpoint")
	r.answers(always(http.StatusServiceUnavailable))
	d.follow(".actions button.main")
	d.heading("webhook_endpoint.test")
	d.requireAccessible("console-delivery")
	for _, page := range []struct{ name, path, heading string }{
		{"console-webhooks", d.hub.API + consolePage, "Webhooks"}, {"console-form", d.hub.API + consolePage + "/new", "Add endpoint"}, {"console-redeliver", at + "/redeliver", "Redeliver many at once"},
		{"console-rotate", at + "/rotate", "Rotate the signing secret?"}, {"console-delete", at + "/delete", "Delete this endpoint?"},
	} {
		d.open(page.path)
		d.heading(page.heading)
		d.requireAccessible(page.name)
	}
	d.open(at)
	d.remove()
}
