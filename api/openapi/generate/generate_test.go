package generate_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"paymenthub/api/openapi/conform"
	"paymenthub/api/openapi/generate"
)

func TestRequestsRepeatThemselvesBySeed(t *testing.T) {
	doc := conform.Document(t, "/v3/payments/intents")
	one, same, other := generate.New(doc, facts, 1, 5, 5), generate.New(doc, facts, 1, 5, 5), generate.New(doc, facts, 2, 5, 5)
	for _, id := range one.Operations() {
		differ := 0
		for i := range one.Count(id) {
			r := one.Request(id, i)
			require.Equal(t, r, same.Request(id, i), "%s %d", id, i)
			if other := other.Request(id, i); r.Target != other.Target || !bytes.Equal(r.Body, other.Body) {
				differ++
			}
		}
		require.Equal(t, one.Count(id), other.Count(id))
		if id == "createIntent" {
			require.Greater(t, differ, 100)
		}
	}
}

func TestEveryOperationIsCovered(t *testing.T) {
	for _, doc := range conform.Documents(t) {
		g := generate.New(doc, facts, 1, 5, 5)
		served := 0
		for _, item := range doc.Paths.Map() {
			served += len(item.Operations())
		}
		require.Len(t, g.Operations(), served)
		for _, id := range g.Operations() {
			made := map[generate.Class]int{}
			for i := range g.Count(id) {
				made[g.Request(id, i).Class]++
			}
			require.GreaterOrEqual(t, made[generate.Valid], 5, id)
			require.GreaterOrEqual(t, made[generate.Faulty], 3, id)
			require.Equal(t, 5, made[generate.Hostile], id)
		}
	}
	signed := generate.New(conform.Document(t, "/v3/payments/intents"), generate.Facts{Key: "k", Signed: []string{"createIntent"}}, 1, 5, 5)
	require.Equal(t, 5, signed.Count("createIntent"))
}

// facts know values of the patterns that the generator cannot make.
var facts = generate.Facts{Key: "k", Known: func(p generate.Place) (any, bool) {
	switch {
	case p.Name == "brand_color":
		return "#7a3b12", true
	case p.Name == "card.bin":
		return "42424242", true
	case strings.HasSuffix(p.Name, ".when"): // or as long as they may be
		return `currency == "EUR"`, true
	case strings.HasSuffix(p.Name, "country"):
		return "MA", true
	case strings.HasSuffix(p.Name, "currency"), strings.HasPrefix(p.Name, "currencies."):
		return "USD", true
	}
	return nil, false
}}

// What the generator calls valid and faulty is what the document calls so.
func TestBodiesAreWhatTheyAreCalled(t *testing.T) {
	bodies, refused, faulty := 0, 0, 0
	count := func(path string, op *openapi3.Operation, g *generate.Generator) {
		schema := op.RequestBody.Value.Content.Get("application/json").Schema
		for i := range g.Count(op.OperationID) {
			r := g.Request(op.OperationID, i)
			if !json.Valid(r.Body) {
				require.False(t, r.Class == generate.Valid && len(r.Body) > 0, "%s: %s", op.OperationID, r.Body)
				continue
			}
			err := conform.JSON(t, path, schema, r.Body)
			switch {
			case r.Class == generate.Valid:
				bodies++
				require.NoError(t, err, "%s\n%s", r.What, r.Body)
			case r.Named:
				faulty++
				if err != nil {
					refused++
				}
			}
		}
	}
	for _, doc := range conform.Documents(t) {
		g := generate.New(doc, facts, 7, 60, 0)
		for path, item := range doc.Paths.Map() {
			for _, op := range item.Operations() {
				if op.RequestBody != nil {
					count(path, op, g)
				}
			}
		}
	}
	require.Greater(t, bodies, 400)
	require.Greater(t, refused*10, faulty*6, "%d of %d", refused, faulty) // the rest breaks rules of JSON, or of prose
}

func TestRequestsAreShownAsCommands(t *testing.T) {
	r := generate.Request{Method: "POST", Target: "/a?b=c", Header: []generate.Field{{Name: "Idempotency-Key", Value: "it's"}}, Body: []byte("{\"a\":\"\xff\"}")}
	require.Equal(t, `curl -sS -i --path-as-is -X POST -H $'Idempotency-Key: it\'s' --data-binary $'{"a":"\xff"}' $'http://hub/a?b=c'`, r.Curl("http://hub"))
}
