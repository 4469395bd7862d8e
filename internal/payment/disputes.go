package payment

import (
	"context"

	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
)

// GetDispute returns a dispute. Errors: fault.NotFound.
func (s *Service) GetDispute(ctx context.Context, scope merchant.Scope, disputeID string) (Dispute, error) {
	if !id.Valid(id.Dispute, disputeID) {
		return Dispute{}, notFound("dispute", disputeID)
	}
	return s.repo.Dispute(ctx, scope, disputeID)
}

// ListDisputes lists disputes, newest first, and says whether there are more.
func (s *Service) ListDisputes(ctx context.Context, scope merchant.Scope, f DisputeFilter) ([]Dispute, bool, error) {
	return s.repo.Disputes(ctx, scope, f)
}
