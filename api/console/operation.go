package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"paymenthub/internal/fault"
	"paymenthub/internal/id"
)

// action is what a form asks for.
type action string

// The actions whose forms name their operation.
const (
	adding    action = "add"
	rotating  action = "rotate"
	replaying action = "redeliver"
)

// formsValid is how long a form can be sent, from when it was drawn.
const formsValid = time.Hour

// errForm: sent again it does what it says, under an operation of its own.
var errForm = fault.New(fault.InvalidState, "This form was open for too long, or was used already. Look it over and submit it once more.")

// operations makes the operation that a form carries, so that sending it twice is the same
// as sending it once, and knows it again. What an operation has made is shown to whoever
// names it, so nobody can name one but who was handed the form: the key is this process's.
type operations struct{ key [sha256.Size]byte }

func newOperations() *operations {
	o := &operations{}
	_, _ = rand.Read(o.key[:]) // never fails (crypto/rand)
	return o
}

// next is another operation of an action, on an endpoint where there is one: a ULID, when
// it ends, and a seal over both and what they are for.
func (o *operations) next(d desk, a action, endpointID string) string {
	text := id.NewSuffix() + "." + strconv.FormatInt(d.frame.Now.Add(formsValid).Unix(), 10)
	return text + "." + o.seal(d, a, endpointID, text)
}

func (o *operations) seal(d desk, a action, endpointID, text string) string {
	mac := hmac.New(sha256.New, o.key[:])
	for _, part := range []string{d.scope.MerchantID, string(d.scope.Environment), string(a), endpointID, text} {
		_, _ = mac.Write([]byte(part + "\n")) // never fails (hash.Hash)
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// of is the ULID of the operation that a form carries. Errors: errForm.
func (o *operations) of(d desk, form url.Values, a action, endpointID string) (string, error) {
	text, seal := form.Get("operation"), ""
	if i := strings.LastIndexByte(text, '.'); i >= 0 {
		text, seal = text[:i], text[i+1:]
	}
	if !hmac.Equal([]byte(seal), []byte(o.seal(d, a, endpointID, text))) {
		return "", errForm
	}
	operationID, ends, _ := strings.Cut(text, ".")
	if until, err := strconv.ParseInt(ends, 10, 64); err != nil || d.frame.Now.Unix() >= until {
		return "", errForm
	}
	return operationID, nil
}

// kept is the operation for a form that is shown again: the one that it carried, or another
// one where that is no good.
func (o *operations) kept(d desk, form url.Values, a action, endpointID string) string {
	if _, err := o.of(d, form, a, endpointID); err != nil {
		return o.next(d, a, endpointID)
	}
	return form.Get("operation")
}
