package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/fault"
	"paymenthub/internal/webhook"
	web "paymenthub/web/console"
)

func TestAnEndpointIsAddedAndItsSecretShownOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	operation := d.operation(root + "/new")
	w := d.post(root+"/endpoints", url.Values{
		"operation": {operation}, "url": {" https://shop.example/hooks "}, "dialect": {"acquiring"}, "events": {"some"},
		"acquiring": {"payment.captured", "payment.failed"}, "hub": {"refund.created"}, "description": {"Orders"},
	})
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Contains(t, w.Body.String(), strings.ReplaceAll(secret.Reveal(), "+", "&#43;"))
	made := d.endpoints[0]
	require.Equal(t, webhook.Endpoint{
		ID: "we_" + ulidOf(operation), Scope: sandbox, URL: "https://shop.example/hooks", Dialect: webhook.Acquiring, EventTypes: []string{"payment.captured", "payment.failed"}, Description: "Orders", CreatedAt: now,
	}, made)
	for _, page := range []string{"", "/endpoints/" + made.ID, "/endpoints/" + made.ID + "/edit", "/endpoints/" + made.ID + "/rotate"} {
		require.NotContains(t, d.get(root+page).Body.String(), "whsec_", page)
	}
	w = d.fill(root+"/new?environment=live", root+"/endpoints?environment=live", url.Values{"url": {"https://shop.example/live"}, "dialect": {"hub"}, "events": {"all"}})
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, live, d.endpoints[0].Scope)
	require.Equal(t, []string{"*"}, d.endpoints[0].EventTypes)
}

func TestAFormComesBackWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	good := url.Values{"operation": {d.operation(root + "/new")}, "url": {"https://shop.example"}, "dialect": {"hub"}, "events": {"all"}}
	for _, test := range []struct {
		field, value, want string
	}{
		{"url", "", "Enter the address"},
		{"dialect", "klingon", "Choose one of the dialects"},
		{"events", "some", "Choose at least one event"},
		{"description", strings.Repeat("é", webhook.MaxDescription+1), "at most 500 characters"},
	} {
		form := url.Values{}
		for name, values := range good {
			form[name] = values
		}
		form.Set(test.field, test.value)
		w := d.post(root+"/endpoints", form)
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Contains(t, w.Body.String(), test.want)
	}
	good.Set("url", `http://10.0.0.1/"><script>`)
	d.refusal = fault.Field("url", "Field 'url' must be an address on the internet.")
	w := d.post(root+"/endpoints", good)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), `id="url-error">Field &#39;url&#39; must be an address`)
	require.Contains(t, w.Body.String(), `value="http://10.0.0.1/&#34;&gt;&lt;script&gt;"`, "what was typed is still there")
	d.refusal = fault.New(fault.InvalidState, "There are 20 endpoints already.")
	w = d.post(root+"/endpoints", good)
	require.Equal(t, http.StatusConflict, w.Code)
	require.Contains(t, w.Body.String(), "There are 20 endpoints already.")
	require.Empty(t, d.endpoints)
	require.Equal(t, http.StatusBadRequest, d.call(http.MethodPost, root+"/endpoints", nil, "Content-Type", "application/json").Code, "nothing was filled in")
}

func TestAnEndpointIsChanged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, func(e *webhook.Endpoint) { e.EventTypes = []string{"refund.*"} })
	at := root + "/endpoints/" + e.ID
	form := d.get(at + "/edit").Body.String()
	require.Contains(t, form, `value="refund.*" checked`)
	require.NotContains(t, form, `name="dialect"`, "it stays what it is")
	w := d.post(at+"/edit", url.Values{"url": {"https://shop.example/2"}, "events": {"some"}, "hub": {"dispute.*"}, "description": {"Two"}})
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, at+"?done=saved", w.Header().Get("Location"))
	require.Equal(t, "https://shop.example/2", d.endpoints[0].URL)
	require.Equal(t, []string{"dispute.*"}, d.endpoints[0].EventTypes)
	require.Contains(t, d.get(at+"?done=saved").Body.String(), "The changes are saved.")
	require.NotContains(t, d.get(at+"?done=You+won+a+prize").Body.String(), "prize")
}

func TestATestLeadsToWhatCameOfIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, nil)
	w := d.post(root+"/endpoints/"+e.ID+"/test", nil)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, root+"/deliveries/"+d.deliveries[0].ID+"?done=tested", w.Header().Get("Location"))
	d.refusal = fault.New(fault.InvalidState, "The webhook endpoint is disabled. Enable it first.")
	w = d.post(root+"/endpoints/"+e.ID+"/test", nil)
	require.Equal(t, http.StatusConflict, w.Code)
	require.Contains(t, w.Body.String(), "The webhook endpoint is disabled. Enable it first.")
	require.Contains(t, w.Body.String(), e.URL, "on the endpoint's page")
}

func TestADeliveryIsSentAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	sent := d.send(1, d.add(1, nil), webhook.Failed, nil)
	at := root + "/deliveries/" + sent.ID
	w := d.post(at+"/redeliver", nil)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, at+"?done=redelivered", w.Header().Get("Location"))
	require.Equal(t, webhook.Pending, d.deliveries[0].Status)
	require.Contains(t, d.get(at+"?done=redelivered").Body.String(), "on its way again")
	d.refusal = fault.New(fault.InvalidState, "The event is kept no longer.")
	require.Contains(t, d.post(at+"/redeliver", nil).Body.String(), "The event is kept no longer.")
}

func TestManyAreSentAgainOnceSomebodyHasSeenHowMany(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, nil)
	for i := range 5 {
		d.send(i, e, webhook.Failed, func(d *webhook.Delivery) { d.UpdatedAt = now.Add(-time.Duration(i) * 10 * time.Hour) })
	}
	for i := range 2 {
		d.send(10+i, e, webhook.Retrying, func(d *webhook.Delivery) { d.UpdatedAt = now.Add(-time.Duration(i) * 2 * time.Hour) })
	}
	at := root + "/endpoints/" + e.ID
	ask := d.get(at + "/redeliver").Body.String()
	for _, want := range []string{
		"1 failed, 1 waiting for their next attempt", "3 failed, 2 waiting", "5 failed, 2 waiting", "those waiting for their next attempt among them", "One such redelivery runs at a time in each environment",
	} {
		require.Contains(t, ask, want)
	}
	require.Empty(t, d.replays)
	operation := operationIn(t, ask)
	w := d.post(at+"/redeliver", url.Values{"operation": {operation}, "kind": {"failed"}, "since": {"7d"}})
	require.Equal(t, http.StatusSeeOther, w.Code)
	r := d.replays[0]
	require.Equal(t, "whr_"+ulidOf(operation), r.ID)
	require.Equal(t, webhook.ReplayFailed, r.Kind)
	require.Equal(t, now.Add(-7*24*time.Hour), r.From)
	page := d.get(w.Header().Get("Location")).Body.String()
	require.Contains(t, page, "412 of 1,200 looked at, 400 sent again.")
	require.Contains(t, page, `data-poll="1" hx-get="`+at+`?part=replays"`)
	d.replays[0].Status = webhook.ReplayCompleted
	require.NotContains(t, d.get(at+"?part=replays").Body.String(), "data-poll", "it has ended")

	d.fill(at+"/redeliver", at+"/redeliver", url.Values{"kind": {"range"}, "since": {"30d"}})
	require.Equal(t, webhook.ReplayRange, d.replays[0].Kind)
	require.Less(t, now.Sub(d.replays[0].From), 30*24*time.Hour, "events are kept that long")
	d.refusal = fault.New(fault.InvalidState, "Another replay is running. Wait until it has ended.")
	w = d.fill(at+"/redeliver", at+"/redeliver", url.Values{"kind": {"range"}, "since": {"1h"}})
	require.Equal(t, http.StatusConflict, w.Code)
	require.Contains(t, w.Body.String(), "Another replay is running.")
	require.Contains(t, w.Body.String(), `value="1h" checked`)
}

func TestASecretIsRotated(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, nil)
	at := root + "/endpoints/" + e.ID
	require.Contains(t, d.get(at+"/rotate").Body.String(), "Rotate the signing secret?")
	w := d.fill(at+"/rotate", at+"/rotate", nil)
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "whsec_")
	require.Contains(t, w.Body.String(), "signatures of both secrets until")
	require.Contains(t, d.get(at+"/rotate").Body.String(), "ends both old secrets at once")
	d.refusal = fault.New(fault.InvalidState, "set 'revoke_previous'")
	w = d.fill(at+"/rotate", at+"/rotate", nil)
	require.Equal(t, http.StatusConflict, w.Code)
	require.NotContains(t, w.Body.String(), "revoke_previous", "in words of the page")
	require.Contains(t, d.fill(at+"/rotate", at+"/rotate", url.Values{"revoke": {"yes"}}).Body.String(), "signs nothing any more")
}

func TestAnEndpointIsDeletedAfterAQuestion(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.add(1, nil)
	at := root + "/endpoints/" + e.ID
	require.Contains(t, d.get(at+"/delete").Body.String(), "Delete this endpoint?")
	require.Len(t, d.endpoints, 1)
	w := d.post(at+"/delete", nil)
	require.Equal(t, root+"?done=deleted", w.Header().Get("Location"))
	require.Empty(t, d.endpoints)
	require.Contains(t, d.get(w.Header().Get("Location")).Body.String(), web.Deleted.Text())
}

func TestFilesAreCachedForGood(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, name := range []string{"script", "htmx", "uplot", "style", "uplotStyle"} {
		a := web.Frame{}.Asset(name)
		w := d.get("/console/assets/"+a.Name, "Accept-Encoding", "gzip, br")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
		require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
		require.Equal(t, a.Body, d.get("/console/assets/"+a.Name).Body.Bytes())
	}
	require.Equal(t, http.StatusNotFound, d.get("/console/assets/console.js").Code)
}
