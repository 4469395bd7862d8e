package hub

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/gin-gonic/gin"

	"paymenthub/api/decode"
	"paymenthub/api/middleware"
	"paymenthub/api/openapi"
	"paymenthub/internal/fault"
	"paymenthub/internal/merchant"
	"paymenthub/internal/money"
)

// maxDisplayName is how many characters a merchant's name for shoppers may have.
const maxDisplayName = 100

var brandColor = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// GetSettings is GET /v3/settings.
func (a *API) GetSettings(c *gin.Context) (any, error) {
	if _, err := decode.Query(c.Request); err != nil {
		return nil, err
	}
	s, err := a.settings.Settings(c.Request.Context(), middleware.Scope(c))
	if err != nil {
		return nil, err
	}
	return settings(s), nil
}

// PutSettings is PUT /v3/settings.
func (a *API) PutSettings(c *gin.Context) (any, error) {
	var body openapi.SettingsRequest
	if err := readRequest(c, &body); err != nil {
		return nil, err
	}
	s, err := newSettings(body)
	if err != nil {
		return nil, err
	}
	s.Scope, s.UpdatedAt = middleware.Scope(c), a.clock.Now()
	if err := a.settings.PutSettings(c.Request.Context(), s); err != nil {
		return nil, err
	}
	return a.GetSettings(c)
}

// newSettings checks what a merchant chose. What is left out is as it was before
// anything was chosen.
func newSettings(body openapi.SettingsRequest) (merchant.Settings, error) {
	s := merchant.Settings{DisplayName: body.DisplayName, BrandColor: strings.ToLower(text(body.BrandColor))}
	err := checkDisplayName(s.DisplayName)
	if err != nil {
		return s, err
	}
	if body.BrandColor != nil && !brandColor.MatchString(s.BrandColor) {
		return s, fault.Field("brand_color", "Field 'brand_color' must be a colour as '#rrggbb'.")
	}
	if body.Currencies != nil {
		if s.Currencies, err = newCurrencies(*body.Currencies); err != nil {
			return s, err
		}
	}
	if body.SettlementCurrency != nil {
		if s.SettlementCurrency, err = currencyField("settlement_currency", *body.SettlementCurrency); err != nil {
			return s, err
		}
	}
	if body.NotificationEmail != nil {
		s.NotificationEmail = *body.NotificationEmail
		if err = decode.Email("notification_email", s.NotificationEmail); err != nil {
			return s, err
		}
	}
	if body.Logo != nil {
		s.Logo, err = newLogo(*body.Logo)
	}
	return s, err
}

func checkDisplayName(name string) error {
	if strings.TrimSpace(name) == "" || strings.ContainsFunc(name, unicode.IsControl) {
		return fault.Field("display_name", "Field 'display_name' is required: 1 to %d characters, none of them a control character.", maxDisplayName)
	}
	return decode.Text("display_name", name, maxDisplayName)
}

func newCurrencies(codes []string) ([]money.Currency, error) {
	if len(codes) == 0 {
		return nil, fault.Field("currencies", "Field 'currencies' must name at least one currency; leave it out for the standard ones.")
	}
	var all []money.Currency
	for i, code := range codes {
		c, err := money.ParseCurrency(code)
		if err != nil {
			field := fmt.Sprintf("currencies[%d]", i)
			return nil, fault.Field(field, "Field '%s' must be an ISO 4217 currency code.", field)
		}
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all, nil
}

func newLogo(body openapi.SettingsLogo) (*merchant.Logo, error) {
	names := merchant.LogoNames{MediaType: "logo.media_type", Data: "logo.data"}
	data, err := base64.StdEncoding.Strict().DecodeString(body.Data)
	if err != nil || body.Data == "" {
		return nil, fault.Field(names.Data, "Field '%s' must be the picture's bytes in Base64 (RFC 4648, section 4).", names.Data)
	}
	return merchant.NewLogo(string(body.MediaType), data, names)
}

// settings renders settings with what holds where nothing was chosen.
func settings(s merchant.Settings) openapi.Settings {
	v := openapi.Settings{
		Object: openapi.SettingsObjectSettings, DisplayName: s.DisplayName, BrandColor: optional(s.BrandColor),
		Currencies: []string{}, SettlementCurrency: optional(string(s.SettlementCurrency)),
		NotificationEmail: optional(s.NotificationEmail), Environment: openapi.Environment(s.Scope.Environment),
	}
	taken := s.Currencies
	if len(taken) == 0 {
		taken = merchant.AcquiringCurrencies
	}
	for _, c := range taken {
		v.Currencies = append(v.Currencies, string(c))
	}
	if s.Logo != nil {
		v.Logo = &openapi.SettingsLogo{
			MediaType: openapi.SettingsLogoMediaType(s.Logo.MediaType), Data: base64.StdEncoding.EncodeToString(s.Logo.Data),
		}
	}
	if !s.UpdatedAt.IsZero() {
		at := utc(s.UpdatedAt)
		v.UpdatedAt = &at
	}
	return v
}
