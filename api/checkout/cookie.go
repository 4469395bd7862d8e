package checkout

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"paymenthub/internal/payment"
	"paymenthub/web/checkout"
)

// The page's cookies. Their path is the page's own, so that those of several
// payments stand beside each other.
const (
	secretCookie = "checkout" // the client secret, since the address loses it
	localeCookie = "locale"   // the language that the shopper chose
)

// cookieGrace is how long after a payment's end its page can still be looked at.
const cookieGrace = 24 * time.Hour

// presented is the client secret that a request brings: in the query as the
// checkout URL has it, else in the cookie.
func presented(c *gin.Context) string {
	if inQuery, ok := c.GetQuery("client_secret"); ok {
		return inQuery
	}
	return cookie(c, secretCookie)
}

// remember leaves what the next request of this browser needs.
func (h *Checkout) remember(c *gin.Context, p payment.Intent, secret string) {
	age := p.ExpiresAt.Sub(h.Clock.Now()) + cookieGrace
	h.set(c, p, secretCookie, secret, age)
	if asked := c.Query("locale"); asked != "" {
		h.set(c, p, localeCookie, localeOf(c).String(), age)
	}
}

func (h *Checkout) set(c *gin.Context, p payment.Intent, name, value string, age time.Duration) {
	if age < time.Second {
		return
	}
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure wherever the hub is reached by TLS
		Name: name, Value: value, Path: "/checkout/" + p.ID, MaxAge: int(age.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: h.Proxies.TLS(c),
	})
}

// localeOf is the language that a shopper asked for, chose before, or that their
// browser asks for.
func localeOf(c *gin.Context) checkout.Locale {
	asked := c.Query("locale")
	if asked == "" {
		asked = cookie(c, localeCookie)
	}
	return checkout.Match(asked, c.GetHeader("Accept-Language"))
}

func cookie(c *gin.Context, name string) string {
	found, err := c.Request.Cookie(name)
	if err != nil {
		return ""
	}
	return found.Value
}
