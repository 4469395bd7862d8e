package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paymenthub/internal/payment"
	"paymenthub/internal/risk"
	"paymenthub/workflows"
)

// moods judges each attempt by the next of a list; the last one stays.
type moods struct{ judgments []risk.Assessment }

func (m *moods) Assess(context.Context, risk.Subject) (risk.Assessment, error) {
	next := m.judgments[0]
	if len(m.judgments) > 1 {
		m.judgments = m.judgments[1:]
	}
	return next, nil
}

func TestAChallengeIsDemandedFromTheGateway(t *testing.T) {
	challenge := risk.Assessment{Score: 41, Action: risk.Challenge, Reasons: []risk.Reason{{Rule: risk.RuleVelocityCard, Points: 41, Text: "why"}}}
	for _, judged := range []risk.Assessment{challenge, allowed} {
		b := newBed(t)
		b.steps.Risk = &moods{[]risk.Assessment{judged}}
		p := b.open(payment.CaptureAutomatic)
		b.run(p, b.confirmation())
		b.ended(p, payment.Succeeded)
		require.Equal(t, []bool{judged.Action == risk.Challenge}, b.gateway.challenged)
		require.Equal(t, judged, *b.load(p).Attempt.Risk, "the judgment stays with the attempt")
	}
}

func TestEachAttemptIsJudgedAnew(t *testing.T) {
	b := newBed(t)
	b.steps.Risk = &moods{[]risk.Assessment{{Score: 100, Action: risk.Decline}, allowed}}
	p := b.open(payment.CaptureAutomatic)
	another := b.update(time.Minute, workflows.UpdateConfirm, *b.confirmation())
	b.run(p, b.confirmation())
	b.ended(p, payment.Succeeded)
	require.True(t, another.done)
	require.Equal(t, []bool{false}, b.gateway.challenged, "the gateway heard of the second alone")
	attempts, err := b.db.Payments().Attempts(context.Background(), b.scope, p.ID)
	require.NoError(t, err)
	require.Len(t, attempts, 2)
	require.Equal(t, payment.DeclineFraud, attempts[0].Decline.Code)
	require.Equal(t, []risk.Action{risk.Decline, risk.Allow}, []risk.Action{attempts[0].Risk.Action, attempts[1].Risk.Action})
}
