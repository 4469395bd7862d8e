package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"paymenthub/api/openapi/conform"
	"paymenthub/api/openapi/generate"
)

// fuzzSeed is fixed: the requests of one run are those of every run.
const fuzzSeed = 20260421

// How many valid and hostile requests are made of each operation, beside one
// for each fault.
const (
	fuzzValid   = 10
	fuzzHostile = 35
)

// Whatever is sent, the hub answers as the document says and never fails: it
// accepts what is valid, and refuses what is not with the field's name. Of the
// requests every fifth is sent, and on Postgres every twentieth: all of them take
// minutes of both cores.
func TestFuzzedRequestsAreAnsweredAsTheDocumentSays(t *testing.T) {
	onEach(t, func(t *testing.T, h *hub) {
		every := 5
		if h.databaseURL != "" {
			every = 20
		}
		f := newFuzz(t, h)
		was := f.untouched(t)
		var sent atomic.Int64
		t.Run("operations", func(t *testing.T) {
			for _, g := range f.generators {
				for _, id := range g.Operations() {
					t.Run(id, func(t *testing.T) {
						t.Parallel()
						f.current(id, t)
						for i := rand.New(rand.NewPCG(fuzzSeed, 0)).IntN(every); i < g.Count(id); i += every {
							f.try(t, g.Request(id, i))
							sent.Add(1)
						}
					})
				}
			}
		})
		require.Equal(t, was, f.untouched(t), "refused requests changed something")
		require.Greater(t, sent.Load(), int64(2000/every))
		t.Logf("%d requests", sent.Load())
	})
}

// try sends one request of the run.
func (f *fuzz) try(t *testing.T, r generate.Request) {
	t.Helper()
	a := f.send(t, r)
	for a.again() {
		a = f.send(t, r)
	}
	f.tidy(t, r.Operation, a)
	if problem := judge(r, a); problem != "" {
		t.Errorf("%s: %s\nseed %d, %s, request %d (%s: %s)\n%s\nanswered %d %s", r.Operation, problem, r.Seed, r.Operation, r.Index, r.Class, r.What, r.Curl(f.hub.API), a.status, a.raw[:min(len(a.raw), 1000)])
	}
}

// send sends a request as it is, and holds the answer against the document.
func (f *fuzz) send(t *testing.T, r generate.Request) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.Method, f.hub.API+r.Target, bytes.NewReader(r.Body))
	require.NoError(t, err, "%s %d", r.Operation, r.Index)
	for _, h := range r.Header {
		req.Header.Add(h.Name, h.Value)
	}
	res, err := web.Do(req)
	require.NoError(t, err, "%s %d: %s", r.Operation, r.Index, r.What)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	conform.Check(t, req, res.StatusCode, res.Header, raw)
	return answer{res.StatusCode, res.Header, raw}
}

// judge says what is wrong with an answer; "" when nothing is.
func judge(r generate.Request, a answer) string {
	switch {
	case a.status >= 500:
		return "the hub failed"
	case repeatsCard(a):
		return "the answer holds a card number"
	case r.Class == generate.Valid && a.status >= 400:
		return "a valid request was refused; where the document cannot say what is valid, fuzzFacts must"
	case r.Class != generate.Faulty:
		return ""
	case a.status < 400:
		return "a request with a fault was accepted"
	case len(r.Statuses) > 0 && !slices.Contains(r.Statuses, a.status):
		return fmt.Sprintf("the status must be one of %v", r.Statuses)
	}
	var envelope struct {
		Error struct {
			Param   string // the Hub's
			Details struct{ Field string }
		}
	}
	err := json.Unmarshal(a.raw, &envelope)
	if named := envelope.Error.Param + envelope.Error.Details.Field; r.Named && (err != nil || named != r.Param) {
		return fmt.Sprintf("the answer names %q instead of %q", named, r.Param)
	}
	return ""
}

// repeatsCard reports whether an answer holds one of the card numbers that were
// sent, in any grouping.
func repeatsCard(a answer) bool {
	var all strings.Builder
	for name, values := range a.header {
		all.WriteString(name + strings.Join(values, "\n") + "\n")
	}
	all.Write(a.raw)
	plain := strings.NewReplacer(" ", "", "-", "", "%20", "", "+", "").Replace(all.String())
	secret := []string{generate.Card}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/yaml") { // the document's examples pay with test cards
		secret = append(secret, visa, mastercard)
	}
	return slices.ContainsFunc(secret, func(n string) bool { return strings.Contains(plain, n) })
}
