// Package dialect renders the messages that tell of events, in the words of each façade.
package dialect

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"paymenthub/api/hub"
	"paymenthub/internal/event"
	"paymenthub/internal/webhook"
)

// Renderer renders the bodies of messages. The same event gives the same bytes in every
// process and at every time: bodies are not stored, and each attempt sends them again.
type Renderer struct{}

// errNoWord is returned for an event that the dialect's façade knows nothing of.
var errNoWord = errors.New("it has no word for the event")

// Render writes the body of the message that tells of an event by the given name.
func (Renderer) Render(d webhook.Dialect, name string, e event.Event) ([]byte, error) {
	v, err := body(d, name, e)
	if err != nil {
		return nil, fmt.Errorf("dialect %s: event %s, %q: %w", d, e.ID, e.Type, err)
	}
	return json.Marshal(v, json.Deterministic(true))
}

func body(d webhook.Dialect, name string, e event.Event) (any, error) {
	switch d {
	case webhook.Hub:
		return hub.Event(e)
	case webhook.Acquiring:
		return enveloped(name, e, acquiringData)
	case webhook.Connect:
		return enveloped(name, e, connectData)
	case webhook.Cashier:
		return cashierBody(e)
	default:
		return nil, errors.New("there is no such dialect")
	}
}

// envelope is the message of the Acquiring and Connect façades.
type envelope struct {
	ID          string    `json:"id"`
	Type        string    `json:"type"`
	CreatedAt   time.Time `json:"created_at"`
	Environment string    `json:"environment"`
	Data        any       `json:"data"`
}

// tested is the data of a test.
type tested struct {
	EndpointID string `json:"endpoint_id"`
}

func enveloped(name string, e event.Event, data func(event.Event) (any, error)) (any, error) {
	v := envelope{ID: e.ID, Type: name, CreatedAt: e.CreatedAt.UTC(), Environment: string(e.Scope.Environment)}
	if e.Type == event.WebhookEndpointTest {
		v.Data = tested{EndpointID: e.ObjectID}
		return v, nil
	}
	var err error
	v.Data, err = data(e)
	return v, err
}
