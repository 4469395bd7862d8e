package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/clock"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/webhook"
)

// ulidOf is the id in an operation.
func ulidOf(operation string) string {
	ulid, _, _ := strings.Cut(operation, ".")
	return ulid
}

// resealed is an operation with another id, under the seal that it had.
func resealed(operation, ulid string) string {
	_, rest, _ := strings.Cut(operation, ".")
	return ulid + "." + rest
}

// prolonged is an operation that says that it ends in the year 2286.
func prolonged(operation string) string {
	parts := strings.Split(operation, ".")
	parts[1] = "9999999999"
	return strings.Join(parts, ".")
}

const again = "submit it once more"

func TestAnEndpointsSecretIsNotToldToWhoNamesIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	there := d.add(1, nil)
	good := d.operation(root + "/new")
	form := url.Values{"url": {there.URL}, "dialect": {"hub"}, "events": {"all"}}
	for name, operation := range map[string]string{
		"none": "", "an id": id.Suffix(there.ID), "a seal": "..", "another's seal": resealed(good, id.Suffix(there.ID)), "another end": prolonged(good),
		"of another process":     d.opened(clock.NewManual(now)).operation(root + "/new"),
		"of another environment": d.operation(root + "/new?environment=live"),
		"of another action":      d.operation(root + "/endpoints/" + there.ID + "/rotate"),
	} {
		form.Set("operation", operation)
		w := d.post(root+"/endpoints", form)
		require.Equal(t, http.StatusConflict, w.Code, name)
		require.NotContains(t, w.Body.String(), "whsec_", name)
		require.Contains(t, w.Body.String(), again, name)
		require.Contains(t, w.Body.String(), `value="`+there.URL+`"`, "what was typed is still there")
		require.Len(t, d.endpoints, 1)
		require.NotEqual(t, operation, operationIn(t, w.Body.String()))
	}
	w := d.post(root+"/endpoints", form)
	form.Set("operation", operationIn(t, w.Body.String()))
	require.Equal(t, http.StatusOK, d.post(root+"/endpoints", form).Code, "once more it is done")
	require.Len(t, d.endpoints, 2)
}

func TestAFormThatIsSentTwiceIsOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	form := url.Values{"operation": {d.operation(root + "/new")}, "url": {"https://shop.example/1"}, "dialect": {"hub"}, "events": {"all"}}
	for range 2 {
		w := d.post(root+"/endpoints", form)
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), "whsec_")
		require.Len(t, d.endpoints, 1)
	}
	form.Set("url", "https://shop.example/2") // somebody went back
	w := d.post(root+"/endpoints", form)
	require.Equal(t, http.StatusConflict, w.Code)
	require.Contains(t, w.Body.String(), again)
	require.NotContains(t, w.Body.String(), "whsec_")
	form.Set("operation", operationIn(t, w.Body.String()))
	require.Equal(t, http.StatusOK, d.post(root+"/endpoints", form).Code)
	require.Len(t, d.endpoints, 2)

	form.Set("operation", d.operation(root+"/new"))
	d.refusal = fault.New(fault.Unavailable, "The database cannot answer right now.")
	w = d.post(root+"/endpoints", form)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, form.Get("operation"), operationIn(t, w.Body.String()), "it may have been done")
}

func TestAFormIsGoodForAnHour(t *testing.T) {
	t.Parallel()
	at := clock.NewManual(now)
	d := newBook(t).opened(at)
	e := d.add(1, nil)
	form := url.Values{"url": {"https://shop.example"}, "dialect": {"hub"}, "events": {"all"}, "operation": {d.operation(root + "/new")}}
	rotate := url.Values{"operation": {d.operation(root + "/endpoints/" + e.ID + "/rotate")}}
	at.Advance(59*time.Minute + 59*time.Second)
	require.Equal(t, http.StatusOK, d.post(root+"/endpoints", form).Code)
	at.Advance(time.Second)
	for path, form := range map[string]url.Values{"/endpoints": form, "/endpoints/" + e.ID + "/rotate": rotate} {
		w := d.post(root+path, form)
		require.Equal(t, http.StatusConflict, w.Code, path)
		require.Contains(t, w.Body.String(), again)
		require.NotContains(t, w.Body.String(), "whsec_")
	}
}

func TestAFormIsOfItsEndpoint(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	one, two := root+"/endpoints/"+d.add(1, nil).ID, root+"/endpoints/"+d.add(2, nil).ID
	for _, question := range []string{"/rotate", "/redeliver"} {
		form := url.Values{"operation": {d.operation(two + question)}}
		for _, form := range []url.Values{form, {}} {
			w := d.post(one+question, form)
			require.Equal(t, http.StatusConflict, w.Code)
			require.Contains(t, w.Body.String(), again)
			require.NotContains(t, w.Body.String(), "whsec_")
			require.Empty(t, d.replays)
		}
		w := d.post(two+question, form)
		require.Less(t, w.Code, http.StatusBadRequest)
	}
	sent := d.send(1, d.endpoints[0], webhook.Failed, nil)
	d.post(one+"/test", url.Values{"operation": {id.Suffix(sent.ID)}})
	require.NotEqual(t, sent.ID, d.deliveries[0].ID, "a test is one of its own")
}

func TestACardNumberIsNotShownAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, field := range []string{"url", "description"} {
		d.refusal = fault.Field(field, "Field '%s' must not hold a card number.", field)
		form := url.Values{"url": {"https://shop.example/"}, "dialect": {"hub"}, "events": {"all"}}
		form.Set(field, form.Get(field)+"4242 4242 4242 4242")
		w := d.fill(root+"/new", root+"/endpoints", form)
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Contains(t, w.Body.String(), "must not hold a card number")
		require.NotContains(t, w.Body.String(), "4242 4242 4242")
	}
}
