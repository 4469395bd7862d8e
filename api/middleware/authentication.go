package middleware

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
)

// Access says who may call a route.
type Access string

// The kinds of access.
const (
	Public   Access = "public"   // anybody; a key is not looked at
	Signed   Access = "signed"   // whoever can sign the body, which the handler checks
	Optional Access = "optional" // anybody; a key that is presented must be valid
	Secret   Access = "secret"   // secret keys
	Client   Access = "client"   // secret keys, and publishable keys beside a client secret
	Shopper  Access = "shopper"  // whoever has the client secret of the payment in the path; see ClientSecret
)

// maxPresented bounds what is looked up; keys have about 50 characters.
const maxPresented = 200

// Authenticator finds the key that was presented.
type Authenticator interface {
	Authenticate(ctx context.Context, presented string) (merchant.Key, error)
}

// Bearer takes the key out of an Authorization header (RFC 6750, 2.1).
func Bearer(r *http.Request) string {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return ""
	}
	scheme, key, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// Authentication finds out who calls, and refuses who may not.
func Authentication(keys Authenticator, access Access, proxies Proxies) gin.HandlerFunc {
	return func(c *gin.Context) {
		if access == Public || access == Signed || access == Shopper || access == Optional && !presents(c.Request) {
			c.Next()
			return
		}
		key, err := authenticate(c, keys)
		if err != nil {
			Fail(c, err)
			return
		}
		of(c).key = &key
		if key.Scope.Environment == merchant.Live && !proxies.Secure(c) {
			Fail(c, fault.New(fault.Forbidden, "Live keys are accepted over HTTPS only. If this key was sent over the internet, rotate it."))
			return
		}
		if access == Secret && key.Kind != merchant.SecretKey {
			Fail(c, fault.New(fault.Forbidden, "Publishable keys may only confirm a payment. Use a secret key, from a server."))
			return
		}
		c.Next()
	}
}

// presents reports whether a request brings credentials of any kind.
func presents(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.Header.Get("X-Api-Key") != ""
}

func authenticate(c *gin.Context, keys Authenticator) (merchant.Key, error) {
	presented := of(c).facade.KeyOf(c.Request)
	if !wellFormed(presented) {
		return merchant.Key{}, fault.New(fault.Unauthenticated, "The API key is missing, wrong or no longer valid.")
	}
	key, err := keys.Authenticate(c.Request.Context(), presented)
	var f *fault.Error
	if err != nil && !errors.As(err, &f) {
		return merchant.Key{}, fault.New(fault.Unavailable, "API keys cannot be checked now. Retry shortly.").Because(err)
	}
	return key, err
}

// wellFormed reports whether something could be a key: letters, digits and
// underscores. Anything else is not looked up, and Postgres would refuse bytes
// that are no UTF-8.
func wellFormed(presented string) bool {
	for i := range len(presented) {
		switch c := presented[i]; {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '_':
		default:
			return false
		}
	}
	return presented != "" && len(presented) <= maxPresented
}

// Permission refuses keys that lack a permission; "" asks for none.
func Permission(needed merchant.Permission) gin.HandlerFunc {
	return func(c *gin.Context) {
		if key := of(c).key; needed != "" && (key == nil || !key.May(needed)) {
			Fail(c, fault.New(fault.Forbidden, "This key lacks the permission '%s'.", needed))
			return
		}
		c.Next()
	}
}
