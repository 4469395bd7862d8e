package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"paymenthub/api/middleware"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/webhook"
	"paymenthub/web/console"
)

// numberOf is the attempt that a query chooses; 0: none.
func numberOf(c *gin.Context) int {
	n, err := strconv.Atoi(c.Query("attempt"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// back is the address of an endpoint's page that says what was done.
func back(d desk, endpointID string, done console.Done) string {
	return d.frame.Link("/endpoints/"+endpointID, "done", string(done))
}

// test is POST /console/webhooks/endpoints/{id}/test: it leads to what came of the test.
func (h *Console) test(c *gin.Context) {
	h.act(c, func(d desk, _ url.Values) (string, error) {
		e, err := h.find(c, d)
		if err != nil {
			return "", err
		}
		sent, _, err := h.Webhooks.Test(d, d.scope, e.ID, id.NewSuffix())
		return d.frame.Link("/deliveries/"+sent.ID, "done", string(console.Tested)), err
	}, func(d desk) (console.View, error) { return h.endpointOf(c, d) })
}

// enable is POST /console/webhooks/endpoints/{id}/enable.
func (h *Console) enable(c *gin.Context) { h.turn(c, true, console.Enabled) }

// disable is POST /console/webhooks/endpoints/{id}/disable.
func (h *Console) disable(c *gin.Context) { h.turn(c, false, console.Disabled) }

func (h *Console) turn(c *gin.Context, enabled bool, done console.Done) {
	h.act(c, func(d desk, _ url.Values) (string, error) {
		e, err := h.find(c, d)
		if err != nil {
			return "", err
		}
		_, err = h.Webhooks.Update(d, d.scope, e.ID, webhook.EndpointChanges{Enabled: &enabled})
		return back(d, e.ID, done), err
	}, func(d desk) (console.View, error) { return h.endpointOf(c, d) })
}

// redeliver is POST /console/webhooks/deliveries/{id}/redeliver.
func (h *Console) redeliver(c *gin.Context) {
	h.act(c, func(d desk, _ url.Values) (string, error) {
		deliveryID, err := middleware.PathID(c, id.WebhookDelivery, "webhook delivery")
		if err != nil {
			return "", err
		}
		_, err = h.Webhooks.Redeliver(d, d.scope, deliveryID)
		return d.frame.Link("/deliveries/"+deliveryID, "done", string(console.Redelivered)), err
	}, func(d desk) (console.View, error) { return h.deliveryOf(c, d) })
}

// askRedeliver is GET /console/webhooks/endpoints/{id}/redeliver.
func (h *Console) askRedeliver(c *gin.Context) {
	h.page(c, func(d desk) (console.View, error) { return h.redeliverOf(c, d, nil) })
}

// countedFailures is how many deliveries of a status are looked at to say how many failed.
const countedFailures = 100

func (h *Console) redeliverOf(c *gin.Context, d desk, form url.Values) (console.View, error) {
	e, err := h.find(c, d)
	if err != nil {
		return nil, err
	}
	v := &console.Redeliver{
		Frame: d.frame, Endpoint: e, Operation: h.operations.kept(d, form, replaying, e.ID), Kind: kindOf(form), Since: sinceOf(form),
	}
	for status, missed := range map[webhook.Status]*console.Missed{webhook.Failed: &v.Failed, webhook.Retrying: &v.Waiting} {
		missed.Deliveries, missed.More, err = h.Webhooks.Deliveries(d, d.scope, webhook.DeliveryFilter{
			EndpointID: e.ID, Status: status, Page: webhook.Page{Limit: countedFailures},
		})
		if err != nil {
			return nil, err
		}
	}
	return v, nil
}

func kindOf(form url.Values) webhook.ReplayKind {
	if webhook.ReplayKind(form.Get("kind")) == webhook.ReplayRange {
		return webhook.ReplayRange
	}
	return webhook.ReplayFailed
}

func sinceOf(form url.Values) console.Since {
	if s := console.Since(form.Get("since")); slices.Contains(console.Sinces, s) {
		return s
	}
	return console.LastDay
}

// redeliverMany is POST /console/webhooks/endpoints/{id}/redeliver: the replay goes on in
// the background.
func (h *Console) redeliverMany(c *gin.Context) {
	var sent url.Values
	h.act(c, func(d desk, form url.Values) (string, error) {
		sent = form
		e, err := h.find(c, d)
		if err != nil {
			return "", err
		}
		operationID, err := h.operations.of(d, form, replaying, e.ID)
		if err != nil {
			return "", err
		}
		_, err = h.Webhooks.StartReplay(d, webhook.NewReplay{
			OperationID: operationID, Scope: d.scope, EndpointID: e.ID, Kind: kindOf(form),
			From: d.frame.Now.Add(-sinceOf(form).Length()),
		})
		return back(d, e.ID, console.Replaying), err
	}, func(d desk) (console.View, error) { return h.redeliverOf(c, d, sent) })
}

// askRotate is GET /console/webhooks/endpoints/{id}/rotate.
func (h *Console) askRotate(c *gin.Context) {
	h.page(c, func(d desk) (console.View, error) {
		e, err := h.find(c, d)
		return h.rotation(d, e, nil), err
	})
}

// rotation is the page that asks whether to rotate a secret.
func (h *Console) rotation(d desk, e webhook.Endpoint, form url.Values) *console.Ask {
	return &console.Ask{Frame: d.frame, Question: "rotate", Endpoint: e, Operation: h.operations.kept(d, form, rotating, e.ID)}
}

// rotate is POST /console/webhooks/endpoints/{id}/rotate: the answer shows the secret, once.
func (h *Console) rotate(c *gin.Context) {
	var form url.Values
	d, err := h.desk(c)
	if err == nil {
		form, err = formOf(c)
	}
	var e webhook.Endpoint
	if err == nil {
		e, err = h.find(c, d)
	}
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	operationID, err := h.operations.of(d, form, rotating, e.ID)
	if err != nil {
		d.frame.Alert = errForm.Message
		send(c, http.StatusConflict, h.rotation(d, e, form))
		return
	}
	rotated, secret, err := h.Webhooks.RotateSecret(d, d.scope, e.ID, operationID, form.Get("revoke") == "yes")
	if fault.Is(err, fault.InvalidState) {
		d.frame.Alert = "The secret before the last rotation is still valid. Say that the old ones end at once, or wait until it has ended."
		send(c, http.StatusConflict, h.rotation(d, e, form))
		return
	}
	if err != nil {
		middleware.Fail(c, err)
		return
	}
	send(c, http.StatusOK, &console.Secret{Frame: d.frame, Endpoint: rotated, Secret: secret, Rotated: true})
}

// askDelete is GET /console/webhooks/endpoints/{id}/delete.
func (h *Console) askDelete(c *gin.Context) {
	h.page(c, func(d desk) (console.View, error) { return h.deletion(c, d) })
}

// deletion is the page that asks whether to delete an endpoint.
func (h *Console) deletion(c *gin.Context, d desk) (console.View, error) {
	e, err := h.find(c, d)
	return &console.Ask{Frame: d.frame, Question: "delete", Endpoint: e}, err
}

// delete is POST /console/webhooks/endpoints/{id}/delete.
func (h *Console) delete(c *gin.Context) {
	h.act(c, func(d desk, _ url.Values) (string, error) {
		e, err := h.find(c, d)
		if err != nil {
			return "", err
		}
		return d.frame.Link("", "done", string(console.Deleted)), h.Webhooks.Delete(d, d.scope, e.ID)
	}, func(d desk) (console.View, error) { return h.deletion(c, d) })
}
