package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// What the browser reports of answers that are part of the game.
const (
	declinedAnswer = "status of 402"
	goneAnswer     = "status of 410"
	missingAnswer  = "status of 404"
	brokenAnswer   = "Failed to load resource: net::"
)

// till is a shop with a page of its own, and a window for its shoppers.
type till struct {
	acquirer
	*window
	site *httptest.Server
}

func openTill(t *testing.T) till {
	t.Helper()
	return openTillAt(t, shared(t, sqlite))
}

// openTillAt is openTill at a hub of the test's own, for one whose provider fails.
func openTillAt(t *testing.T, h *hub) till {
	t.Helper()
	s, site := newAcquirer(t, h), merchantSite(t)
	return till{s, openWindow(t, s.hub.API, s.hub.Simulators["stripe"], site.URL), site}
}

// offer makes a payment and opens its page.
func (s till) offer(t *testing.T, fields ...object) hosted {
	t.Helper()
	urls := object{"success_url": s.site.URL + "/thanks?order=998", "cancel_url": s.site.URL + "/cart"}
	p := s.host(t, append([]object{purchaseOf(urls)}, fields...)...)
	s.open(*p.CheckoutURL)
	return p
}

// field moves the focus to a field with the keyboard.
func (w *window) field(id string) {
	w.Helper()
	for range 16 {
		if see[string](w, `document.activeElement.id`) == id {
			return
		}
		w.press(kb.Tab)
	}
	w.Fatalf("the keyboard does not reach the field %q", id)
}

// enter fills the form in with the keyboard and submits it with Enter.
func (w *window) enter(number string) {
	w.Helper()
	w.until(`!document.getElementById("pay").disabled`)
	w.fill("number", number)
	w.fill("expiry", "1240")
	w.fill("code", "123")
	w.fill("name", "Jane Doe")
	w.press(kb.Enter)
}

// fill types into a field instead of what is there.
func (w *window) fill(id, text string) {
	w.Helper()
	w.field(id)
	w.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`))
	w.press(text)
}

// value is what a field shows.
func (w *window) value(id string) string {
	w.Helper()
	return see[string](w, fmt.Sprintf(`document.getElementById(%q).value`, id))
}

// alert waits for a complaint of the page, which must have the focus.
func (w *window) alert(text string) {
	w.Helper()
	w.until(fmt.Sprintf(`document.activeElement.id === "alert" && document.getElementById("alert").innerText.replace(/\s+/g, " ").trim() === %q`, text))
}

func (s till) landed(t *testing.T, p hosted) {
	t.Helper()
	s.heading("Back at the shop")
	at, err := url.Parse(see[string](s.window, `location.href`))
	require.NoError(t, err)
	require.Equal(t, s.site.URL+"/thanks", at.Scheme+"://"+at.Host+at.Path)
	require.Equal(t, url.Values{"order": {"998"}, "payment_intent": {p.ID}}, at.Query())
}

const form = "Pay Café Atlas"

// named gives the merchant the name that shoppers read.
func (s till) named(t *testing.T) till {
	t.Helper()
	require.Equal(t, http.StatusOK, s.shop.do(t, http.MethodPut, settings, object{"display_name": "Café Atlas"}).status)
	return s
}

func TestShopperPaysOnTheHostedPage(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	p := s.offer(t)
	s.heading(form)
	require.Equal(t, s.hub.API+"/checkout/"+p.ID, see[string](s.window, `location.href`), "the secret leaves the address")
	require.Equal(t, "$99.99", see[string](s.window, `document.querySelector(".amount").innerText`))
	s.enter(visa)
	s.landed(t, p)
	require.Equal(t, "captured", s.acquired(t, p.ID).Status)
	s.hub.onlyCharge(t, p.ID)

	s.window.back() // the page that was left shows what became of it
	s.heading("Payment successful")
	require.Zero(t, see[int](s.window, `document.querySelectorAll("button, input").length`), "nothing is left to press")
	s.window.do(chromedp.Reload())
	s.heading("Payment successful")
	s.tabTo("Return to Café Atlas")
	s.press(kb.Enter)
	s.landed(t, p)
	s.hub.onlyCharge(t, p.ID)
}

func TestShopperAuthorizesAndGivesTheirAddress(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	p := s.offer(t, object{"capture_method": "manual", "customer_email": nil})
	s.fill("email", "jane@")
	s.enter(mastercard)
	s.until(`document.activeElement.id === "email" && document.activeElement.getAttribute("aria-invalid") === "true"`)
	s.hub.requireNoCharge(t, p.ID)
	s.fill("email", "jane@example.com")
	s.press(kb.Enter)
	s.landed(t, p)
	require.Equal(t, "authorized", s.acquired(t, p.ID).Status)
}

func TestShopperIsDeclinedAndPaysWithAnotherCard(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	s.expect(declinedAnswer)
	p := s.offer(t)
	s.enter(noFunds)
	s.alert("There is not enough money on this card. Try another card. You have not been charged. You can try twice more.")
	require.Equal(t, "4000 0000 0000 9995", s.value("number"), "what was typed is still there")
	s.window.do(chromedp.Reload())
	s.alert("There is not enough money on this card. Try another card. You have not been charged. You can try twice more.")
	s.enter("4000000000000259")
	s.alert("Your card was declined. Try another card, or ask your bank. You have not been charged. You can try once more.")
	s.enter(visa)
	s.landed(t, p)
	s.hub.onlyCharge(t, p.ID)
}

func TestShopperIsDeclinedThreeTimes(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	s.expect(declinedAnswer, goneAnswer)
	p := s.offer(t)
	for _, left := range []string{" You can try twice more.", " You can try once more."} {
		s.enter("4000000000000002")
		s.until(fmt.Sprintf(`document.activeElement.id === "alert" && document.getElementById("alert").innerText.replace(/\s+/g, " ").endsWith(%q)`, left))
	}
	s.enter("4000000000000127")
	s.heading("Payment declined")
	require.Equal(t, "failed", s.acquired(t, p.ID).Status)
	s.hub.requireNoCharge(t, p.ID)
	s.tabTo("Back to Café Atlas")
	s.press(kb.Enter)
	s.heading("Back at the shop")
	require.Equal(t, s.site.URL+"/cart", see[string](s.window, `location.href`))
}

func TestShopperAnswersTheirBank(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	s.expect(declinedAnswer)
	p := s.offer(t)
	s.enter(threeDS)
	s.heading("Is this payment yours?")
	s.tabTo(failButton)
	s.press(kb.Enter)
	s.alert("Your bank could not confirm that it was you. Try again, or use another card. You have not been charged. You can try twice more.")
	require.Equal(t, s.hub.API+"/checkout/"+p.ID, see[string](s.window, `location.href`))
	s.hub.requireNoCharge(t, p.ID)

	s.enter(threeDS)
	s.heading("Is this payment yours?")
	s.tabTo(approveButton)
	s.press(kb.Enter)
	s.landed(t, p)
	s.hub.onlyCharge(t, p.ID)
}

func TestShopperLeavesTheirBankAndReturns(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	p := s.offer(t)
	s.enter(threeDS)
	s.heading("Is this payment yours?")
	s.tabTo("Leave without answering")
	s.press(kb.Enter)
	s.heading("Your bank wants to check that it is you")
	s.hub.requireNoCharge(t, p.ID)
	s.tabTo("Continue to your bank")
	s.press(kb.Enter)
	s.heading("Is this payment yours?")
	s.tabTo(approveButton)
	s.press(kb.Enter)
	s.landed(t, p)
	s.hub.onlyCharge(t, p.ID)
}

func TestShopperApprovesInAnotherTab(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	p := s.offer(t)
	s.enter(threeDS)
	s.heading("Is this payment yours?")
	challenge := see[string](s.window, `location.href`)
	s.open(s.hub.API + "/checkout/" + p.ID)
	s.heading("Your bank wants to check that it is you")
	location := answerChallenge(t, s.hub, intent{NextAction: &nextAction{URL: challenge}}, "approve")
	require.Equal(t, http.StatusSeeOther, s.browser().get(t, location[len(s.hub.API):]).status)
	s.landed(t, p) // the page has seen it by itself
}

func TestShopperGoesBackToTheShop(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	p := s.offer(t)
	s.tabTo("Back to Café Atlas")
	s.press(kb.Enter)
	s.heading("Back at the shop")
	require.Equal(t, s.site.URL+"/cart", see[string](s.window, `location.href`))
	require.Equal(t, "created", s.show(t, p).Status, "leaving cancels nothing")
	s.window.back()
	s.heading(form)
	s.enter(visa)
	s.landed(t, p)
}

func TestShopperComesTooLate(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	s.expect(declinedAnswer, goneAnswer, "status of 409")
	p := s.offer(t)
	require.Equal(t, http.StatusOK, s.call(t, hostedIntents+"/"+p.ID+"/cancel", object{}).status)
	s.enter(visa) // the page does not know yet
	s.heading("Payment canceled")
	s.hub.requireNoCharge(t, p.ID)

	p = s.offer(t)
	s.hub.expire(t, p.ID)
	s.window.do(chromedp.Reload())
	s.heading("This page has expired")
	s.hub.requireNoCharge(t, p.ID)
}

// The page's clock stands but for when it is told that time has passed.
func TestPageExpiresUnderTheShopper(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	s.first(`{
		let now = Date.now();
		Date.now = () => now;
		window.pass = seconds => { now += seconds * 1_000; };
	}`)
	p := s.offer(t)
	s.heading(form)
	s.window.do(chromedp.Evaluate[chromedp.Void](`pass(JSON.parse(document.getElementById("config").textContent).expires_in + 1 - 5)`))
	s.until(`document.getElementById("timer").innerText.startsWith("This page expires in 0:05")`)
	s.hub.expire(t, p.ID)
	s.window.do(chromedp.Evaluate[chromedp.Void](`pass(5)`))
	s.heading("This page has expired")
}

func TestReloadingIsSafe(t *testing.T) {
	t.Parallel()
	s := openTillAt(t, newHub(t, sqlite)).named(t)
	p := s.offer(t)
	s.fill("number", "42424242")
	s.window.do(chromedp.Reload())
	s.heading(form)

	const takes = 7 * time.Second // almost as long as the hub waits: the page is loaded meanwhile
	s.hub.slow(t, 1, takes)
	s.enter(visa)
	s.until(`document.getElementById("pay").getAttribute("aria-busy") === "true"`)
	await(t, takes, "the gateway is asked", func() bool { return s.show(t, p).Status == "processing" })
	s.window.do(chromedp.Reload())
	s.heading("Waiting for your bank")
	s.landed(t, p) // the page goes on by itself
	s.hub.onlyCharge(t, p.ID)
}

func TestPressingTwicePaysOnce(t *testing.T) {
	t.Parallel()
	s := openTillAt(t, newHub(t, sqlite)).named(t)
	p := s.offer(t)
	s.hub.slow(t, 1, 2*time.Second)
	s.fill("number", visa)
	s.fill("expiry", "1240")
	s.fill("code", "123")
	s.fill("name", "Jane Doe")
	s.window.do(chromedp.Evaluate[chromedp.Void](`for (let i = 0; i < 5; i++) document.getElementById("pay").click()`))
	s.press(kb.Enter, kb.Enter)
	s.landed(t, p)
	s.hub.onlyCharge(t, p.ID)
	require.Equal(t, 1, len(s.intent(t, p.ID).Attempts))
}

func TestBankThatDoesNotAnswerIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := openTillAt(t, newHub(t, sqlite)).named(t)
	p := s.offer(t)
	hear := s.hub.deafen(t)
	s.hub.fault(t, "confirm", "reset_after")
	s.enter(visa)
	s.until(`document.getElementById("status").textContent.startsWith("Still waiting for your bank")`)
	hear()
	s.landed(t, p) // once the hub has looked the outcome up
	s.hub.onlyCharge(t, p.ID)
}

func TestConnectionThatBreaksCostsNothing(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	s.expect(brokenAnswer)
	p := s.offer(t)
	// The first answer is lost after it was given, the second request before. The third
	// waits until the test has seen what the page says.
	s.window.do(chromedp.Evaluate[chromedp.Void](`
		const send = window.fetch;
		let sent = 0;
		const seen = new Promise(done => { window.goOn = done; });
		window.keys = [];
		window.fetch = async (address, options) => {
			if (options?.method !== "POST") return send(address, options);
			window.keys.push(options.headers["Idempotency-Key"]);
			if (++sent === 1) await send(address, options);
			if (sent <= 2) throw new TypeError("lost");
			await seen;
			return send(address, options);
		}`))
	s.window.do(chromedp.Evaluate[chromedp.Void](`addEventListener("pagehide", () => sessionStorage.setItem("keys", window.keys.join(" ")))`))
	s.enter(visa)
	s.until(`document.getElementById("status").textContent.startsWith("The connection was interrupted") && window.keys.length === 3`)
	s.window.do(chromedp.Evaluate[chromedp.Void](`goOn()`))
	s.landed(t, p)
	s.hub.onlyCharge(t, p.ID)
	require.Len(t, s.intent(t, p.ID).Attempts, 1)
	s.window.back()
	s.heading("Payment successful")
	require.Regexp(t, `^([0-9a-f]{32}) \S+ \S+$`, see[string](s.window, `sessionStorage.getItem("keys")`))
	require.Equal(t, 1, see[int](s.window, `new Set(sessionStorage.getItem("keys").split(" ")).size`), "one key for all tries")
}

func TestShopperSavesTheirCard(t *testing.T) {
	t.Parallel()
	s := openTill(t).named(t)
	for _, agrees := range []bool{true, false} {
		c := s.newCustomer(t)
		p := s.create(t, object{"customer_id": c.ID})
		s.open(s.hub.API + "/checkout/" + p.ID + "?client_secret=" + p.ClientSecret)
		s.until(`!document.getElementById("pay").disabled`)
		if agrees {
			s.field("save")
			s.press(" ")
		}
		s.fill("email", "jane@example.com")
		s.enter(visa)
		s.heading("Payment successful")
		require.Equal(t, "succeeded", s.intent(t, p.ID).Status)
		require.Equal(t, agrees, len(s.methods(t, c.ID)) == 1, "a card is kept with consent alone")
	}
}
