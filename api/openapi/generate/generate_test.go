package generate_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"paymenthub/api/openapi/conform"
	"paymenthub/api/openapi/generate"
)

func TestRequestsRepeatThemselvesBySeed(t *testing.T) {
	doc := conform.Document(t)
	one, same, other := generate.New(doc, generate.Facts{Key: "k"}, 1, 5, 5), generate.New(doc, generate.Facts{Key: "k"}, 1, 5, 5), generate.New(doc, generate.Facts{Key: "k"}, 2, 5, 5)
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
	doc := conform.Document(t)
	g := generate.New(doc, generate.Facts{Key: "k"}, 1, 5, 5)
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
	signed := generate.New(doc, generate.Facts{Key: "k", Signed: []string{"createIntent"}}, 1, 5, 5)
	require.Equal(t, 5, signed.Count("createIntent"))
}

// What the generator calls valid and faulty is what the document calls so.
func TestBodiesAreWhatTheyAreCalled(t *testing.T) {
	doc := conform.Document(t)
	g := generate.New(doc, generate.Facts{Key: "k"}, 7, 60, 0)
	bodies, refused, faulty := 0, 0, 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			schema := op.RequestBody.Value.Content.Get("application/json").Schema.Value
			for i := range g.Count(op.OperationID) {
				r := g.Request(op.OperationID, i)
				var v any
				if len(r.Body) == 0 || json.Unmarshal(r.Body, &v) != nil {
					require.False(t, r.Class == generate.Valid && len(r.Body) > 0, "%s %s: %s", method, path, r.Body)
					continue
				}
				err := schema.VisitJSON(v, openapi3.EnableJSONSchema2020())
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
	}
	require.Greater(t, bodies, 200)
	require.Greater(t, refused*10, faulty*6, "%d of %d", refused, faulty) // the rest breaks rules of JSON, or of prose
}

func TestRequestsAreShownAsCommands(t *testing.T) {
	r := generate.Request{Method: "POST", Target: "/a?b=c", Header: []generate.Field{{Name: "Idempotency-Key", Value: "it's"}}, Body: []byte("{\"a\":\"\xff\"}")}
	require.Equal(t, `curl -sS -i --path-as-is -X POST -H $'Idempotency-Key: it\'s' --data-binary $'{"a":"\xff"}' $'http://hub/a?b=c'`, r.Curl("http://hub"))
}
