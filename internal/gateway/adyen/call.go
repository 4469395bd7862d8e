package adyen

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"paymenthub/internal/gateway/wire"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// call is one HTTP call on its way.
type call struct {
	parent context.Context
	ctx    context.Context // with the adapter's time limit
	wire   *wire.Wire
	cancel context.CancelFunc
}

// begin starts the clock of one HTTP call; its cancel must be called.
func (a *Adapter) begin(ctx context.Context) call {
	limited, cancel := context.WithTimeout(ctx, a.timeout)
	traced, wire := wire.Watch(limited)
	return call{parent: ctx, ctx: traced, wire: wire, cancel: cancel}
}

// answer is what Adyen answered.
type answer struct {
	status int
	body   []byte
}

// post makes one call, and only the body of its answer is left to be read. The
// library's generated services are passed by: how they read an answer of an error, or
// one that does not fit its type, ends the process for some bodies.
func (a *Adapter) post(at call, path, key string, body any) (answer, error) {
	header := map[string]string{"Content-Type": "application/json", "Accept": "application/json"}
	if key != "" {
		header["Idempotency-Key"] = key
	}
	request, err := a.api.PrepareRequest(at.ctx, a.api.Cfg.CheckoutEndpoint+path, http.MethodPost, body, header, url.Values{})
	if err != nil {
		return answer{}, err
	}
	response, err := a.api.CallAPI(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return answer{}, err
	}
	return answer{status: response.StatusCode, body: text}, nil
}

// accepted reports whether Adyen took the request.
func (r answer) accepted() bool {
	return r.status >= http.StatusOK && r.status < http.StatusMultipleChoices
}

// problem is the body of a refusal.
type problem struct {
	ErrorCode    string `json:"errorCode"`
	PSPReference string `json:"pspReference"`
}

// problem reads why a request was refused; empty where the body does not say. What is
// longer than Adyen's codes are is none: the body may repeat what was sent.
func (r answer) problem() problem {
	const mostOfCode = 10
	var p problem
	if json.Unmarshal(r.body, &p) != nil || len(p.ErrorCode) > mostOfCode {
		return problem{}
	}
	return problem{wordOf(p.ErrorCode), wordOf(p.PSPReference)}
}
