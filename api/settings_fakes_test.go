package api_test

import (
	"context"

	"paymenthub/internal/merchant"
)

// PutSettings takes the settings of every merchant.
func (p *preferences) PutSettings(_ context.Context, s merchant.Settings) error {
	if s.DisplayName == "" {
		s.DisplayName = p.settings.DisplayName
	}
	p.settings = s
	return nil
}
