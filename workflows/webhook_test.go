package workflows_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"paymenthub/activities"
	"paymenthub/internal/fault"
	"paymenthub/internal/id"
	"paymenthub/internal/merchant"
	"paymenthub/internal/webhook"
	"paymenthub/worker"
	"paymenthub/workflows"
)

// morning is when deliveries in these tests have had their first attempt.
var morning = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// wire is one delivery and the endpoint it goes to, in a test environment whose clock
// skips: the database and the dispatcher.
type wire struct {
	webhook.Queue
	webhook.Replays
	*testsuite.TestWorkflowEnvironment
	t *testing.T

	mu      sync.Mutex
	task    webhook.Task
	answers []webhook.Attempt // what the endpoint answers, in order; the last one stays
	away    int               // how often the database fails yet
	gone    bool              // the delivery is kept no longer
	spread  func(time.Duration) time.Duration
	tried   []time.Duration  // when attempts were made, since morning
	during  func()           // while an attempt is made
	ahead   [2]time.Duration // how far the clock of who makes the attempt is ahead, and that of who makes the next

	replay webhook.Replay
	pages  []time.Duration // when pages were queued, since morning
}

// newWire has a delivery whose first attempt has just failed.
func newWire(t *testing.T, dialect webhook.Dialect, answers ...int) *wire {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(morning)
	steady(env)
	w := &wire{TestWorkflowEnvironment: env, t: t, spread: func(time.Duration) time.Duration { return 0 }}
	for _, code := range answers {
		w.answers = append(w.answers, webhook.Attempt{Code: code})
	}
	scope := merchant.Scope{MerchantID: id.New(id.Merchant), Environment: merchant.Sandbox}
	w.task = webhook.Task{
		Endpoint: webhook.Endpoint{ID: id.New(id.WebhookEndpoint), Scope: scope, Dialect: dialect},
		Delivery: webhook.Delivery{
			ID: id.New(id.WebhookDelivery), Scope: scope, Type: "payment_intent.succeeded", Status: webhook.Pending, Trigger: webhook.ByEvent,
			Round: 1, RoundStartedAt: morning, NextAttemptAt: morning,
		},
	}
	w.task.Delivery.EndpointID = w.task.Endpoint.ID
	w.task.Delivery = w.task.Delivery.Next(webhook.Attempt{Code: http.StatusInternalServerError}, dialect, morning, w.spread)
	worker.RegisterWorkflows(env)
	worker.RegisterActivities(env, worker.Options{Webhooks: &activities.Webhooks{Queue: w, Replays: w, Attempter: w, Clock: wireClock{w}}})
	return w
}

func (w *wire) Task(context.Context, string) (webhook.Task, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away > 0 {
		w.away--
		return webhook.Task{}, errors.New("the database is away")
	}
	if w.gone {
		return webhook.Task{}, fault.New(fault.NotFound, "There is no such delivery.")
	}
	w.ahead[0], w.ahead[1] = w.ahead[1], w.ahead[0]
	return w.task, nil
}

func (w *wire) Attempt(_ context.Context, t webhook.Task) (webhook.Delivery, error) {
	if w.during != nil {
		w.during()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tried = append(w.tried, envClock{w.TestWorkflowEnvironment}.Now().Sub(morning))
	now := w.now()
	w.task.Delivery.NextAttemptAt = t.Delivery.NextAttemptAt
	answer := w.answers[0]
	if len(w.answers) > 1 {
		w.answers = w.answers[1:]
	}
	w.task.Delivery = w.task.Delivery.Next(answer, w.task.Endpoint.Dialect, now, w.spread)
	return w.task.Delivery, nil
}

func (w *wire) Record(_ context.Context, _ time.Time, results []webhook.Result) ([]webhook.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.task.Delivery = results[0].After
	return results, nil
}

// lives runs the round's workflow to its end.
func (w *wire) lives() activities.WebhookProgress {
	w.t.Helper()
	d := w.task.Delivery
	w.ExecuteWorkflow(workflows.WebhookDeliveryWorkflow, workflows.WebhookDelivery{
		DeliveryID: d.ID, EndpointID: d.EndpointID, MerchantID: d.Scope.MerchantID, Type: d.Type, Progress: activities.NewWebhookProgress(d, d.UpdatedAt),
	})
	require.True(w.t, w.IsWorkflowCompleted())
	require.NoError(w.t, w.GetWorkflowError())
	var end activities.WebhookProgress
	require.NoError(w.t, w.GetWorkflowResult(&end))
	return end
}

// details are what operators read.
func (w *wire) details() string {
	w.t.Helper()
	value, err := w.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(w.t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(w.t, value.Get(&metadata))
	return metadata.CurrentDetails
}

// after are the times of retries that follow each other with the pauses.
func after(pauses ...time.Duration) []time.Duration {
	var all []time.Duration
	var sum time.Duration
	for _, pause := range pauses {
		sum += pause
		all = append(all, sum)
	}
	return all
}

func TestAHubDeliveryIsTriedForThreeDays(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub, http.StatusInternalServerError)
	end := w.lives()
	require.Equal(t, webhook.Failed, end.Status)
	require.Equal(t, 10, end.Attempts)
	require.Equal(t, after(5*time.Second, 5*time.Minute, 30*time.Minute, 2*time.Hour, 5*time.Hour, 10*time.Hour, 14*time.Hour, 20*time.Hour, 24*time.Hour), w.tried)
	require.Equal(t, 75*time.Hour+35*time.Minute+5*time.Second, w.tried[8])
	require.Contains(t, w.details(), "**failed**")
	require.Contains(t, w.details(), "10 attempts, the last: answered 500")
}

// Of each pause up to a tenth is added, and nothing else.
func TestAHubDeliveryIsJittered(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub, http.StatusInternalServerError)
	w.spread = func(most time.Duration) time.Duration { return most - time.Microsecond }
	require.Equal(t, 10, w.lives().Attempts)
	exact := 75*time.Hour + 35*time.Minute + 5*time.Second // the first pause was decided before
	require.Greater(t, w.tried[8], exact)
	require.Less(t, w.tried[8], exact+exact/10)
}

func TestAnAcquiringDeliveryIsTriedFiveTimes(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Acquiring, http.StatusBadGateway)
	end := w.lives()
	require.Equal(t, webhook.Failed, end.Status)
	require.Equal(t, 5, end.Attempts)
	require.Equal(t, after(5*time.Minute, 15*time.Minute, time.Hour, 6*time.Hour), w.tried)
}

func TestADeliveryEndsWithItsSuccess(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub, http.StatusServiceUnavailable, http.StatusNoContent)
	var shown string
	w.RegisterDelayedCallback(func() { shown = w.details() }, time.Minute)
	end := w.lives()
	require.Equal(t, webhook.Succeeded, end.Status)
	require.Equal(t, after(5*time.Second, 5*time.Minute), w.tried)
	require.Contains(t, shown, "**retrying** · delivery `"+w.task.Delivery.ID+"` of payment_intent.succeeded to `"+w.task.Endpoint.ID+"` · 2 attempts, the last: answered 503 · next attempt at 2026-03-01T12:05:05Z")
	require.Contains(t, w.details(), "**succeeded**")
}

// Retry-After is in what comes back from the attempt, and the workflow waits for it.
func TestAnEndpointPutsAMessageOff(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub)
	w.answers = []webhook.Attempt{{Code: http.StatusTooManyRequests, RetryAfter: 2 * time.Hour}, {Code: http.StatusOK}}
	require.Equal(t, webhook.Succeeded, w.lives().Status)
	require.Equal(t, after(5*time.Second, 2*time.Hour), w.tried)
}

func TestAnEndpointThatIsGoneIsTriedNoMore(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub, http.StatusGone)
	end := w.lives()
	require.Equal(t, webhook.Failed, end.Status)
	require.Equal(t, http.StatusGone, end.LastCode)
	require.Equal(t, after(5*time.Second), w.tried)
}

func TestADisabledEndpointIsNotTried(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub, http.StatusOK)
	w.task.Endpoint.Disabled = webhook.ByMerchant
	require.Equal(t, webhook.Failed, w.lives().Status)
	require.Empty(t, w.tried)
	require.Contains(t, w.task.Delivery.Why, "disabled")
}

// A delivery whose workflow was lost for long ends instead of coming late.
func TestALateDeliveryIsNotTried(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Acquiring, http.StatusOK)
	w.task.Delivery.RoundStartedAt = morning.Add(-24 * time.Hour)
	require.Equal(t, webhook.Failed, w.lives().Status)
	require.Empty(t, w.tried)
	require.Contains(t, w.task.Delivery.Why, "expired")
}

func TestARoundEndsWhenAnotherHasBegun(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub, http.StatusInternalServerError)
	w.RegisterDelayedCallback(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.task.Delivery = w.task.Delivery.Again(w.Now())
		w.task.Delivery.Status = webhook.Retrying // that round has failed once too
		w.task.Delivery.Attempts++
	}, time.Minute)
	end := w.lives()
	require.Equal(t, 2, end.Round)
	require.Equal(t, after(5*time.Second), w.tried, "the other round's workflow makes its attempts")
	require.Contains(t, w.details(), "**superseded** by round 2")
}

func TestADeliveryThatIsKeptNoLongerEnds(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub, http.StatusOK)
	w.gone = true
	require.Empty(t, w.lives().Status)
	require.Empty(t, w.tried)
	require.Contains(t, w.details(), "**no longer kept**")
}

// Somebody who asks for an attempt gets it at once, as often as they ask, and uses up
// none of the schedule's.
func TestAnAttemptIsMadeWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, webhook.Acquiring, http.StatusInternalServerError)
		var want []time.Duration
		for n := range 40 {
			at := time.Minute + time.Duration(n)*5*time.Second
			w.RegisterDelayedCallback(func() { w.SignalWorkflow(workflows.SignalAttemptNow, nil) }, at)
			want = append(want, at)
		}
		end := w.lives()
		require.Equal(t, webhook.Failed, end.Status)
		require.Equal(t, 45, end.Attempts)
		require.Equal(t, append(want, after(5*time.Minute, 15*time.Minute, time.Hour, 6*time.Hour)...), w.tried)
	})
}

// A delivery that is asked for again and again goes on under a new history, where it is.
func TestALongDeliveryContinuesAsNew(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Acquiring, http.StatusBadGateway)
	w.RegisterDelayedCallback(func() {
		w.SetContinueAsNewSuggested(true)
		w.SignalWorkflow(workflows.SignalAttemptNow, nil)
	}, time.Minute)
	d := w.task.Delivery
	in := workflows.WebhookDelivery{
		DeliveryID: d.ID, EndpointID: d.EndpointID, MerchantID: d.Scope.MerchantID, Type: d.Type, Progress: activities.NewWebhookProgress(d, morning),
	}
	w.ExecuteWorkflow(workflows.WebhookDeliveryWorkflow, in)
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, w.GetWorkflowError(), &again)
	require.Equal(t, workflows.WebhookDeliveryWorkflow, again.WorkflowType.Name)
	require.Equal(t, after(time.Minute), w.tried)
	in.Progress.Attempts, in.Progress.LastCode, in.Progress.Pause = 2, http.StatusBadGateway, 4*time.Minute
	var next workflows.WebhookDelivery
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &next))
	require.Equal(t, in, next)
}

// Asking before the workflow has begun is asking too: a lost one is started that way.
func TestALostDeliveryIsTriedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Acquiring, http.StatusOK)
	w.RegisterDelayedCallback(func() { w.SignalWorkflow(workflows.SignalAttemptNow, nil) }, 0)
	require.Equal(t, webhook.Succeeded, w.lives().Status)
	require.Equal(t, []time.Duration{0}, w.tried)
}

// Asking twice, or while the attempt is made, is no reason to make another.
func TestAskingDuringAnAttemptIsAskingForIt(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Acquiring, http.StatusInternalServerError, http.StatusOK)
	asks := 3
	w.during = func() {
		for ; asks > 0; asks-- {
			w.SignalWorkflow(workflows.SignalAttemptNow, nil)
		}
	}
	require.Equal(t, webhook.Succeeded, w.lives().Status)
	require.Equal(t, after(5*time.Minute, 15*time.Minute), w.tried)
}

// With the database away for hours, the attempt is made once it is back, and once.
func TestAnAttemptOutlastsTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub, http.StatusOK)
	w.away = 200
	end := w.lives()
	require.Equal(t, webhook.Succeeded, end.Status)
	require.Len(t, w.tried, 1)
	require.Greater(t, w.tried[0], 3*time.Hour)
	require.Less(t, w.tried[0], 4*time.Hour)
}

// An attempt that was made and written down, and whose answer was lost, is not made again.
func TestAnAttemptWhoseAnswerWasLostIsNotRepeated(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Acquiring, http.StatusInternalServerError, http.StatusOK)
	w.task.Delivery.NextAttemptAt = morning
	begun := activities.NewWebhookProgress(w.task.Delivery, morning)
	_, err := w.Attempt(t.Context(), w.task) // by a worker that died then
	require.NoError(t, err)
	w.ExecuteWorkflow(workflows.WebhookDeliveryWorkflow, workflows.WebhookDelivery{
		DeliveryID: w.task.Delivery.ID, EndpointID: w.task.Endpoint.ID, Progress: begun,
	})
	require.NoError(t, w.GetWorkflowError())
	require.Equal(t, []time.Duration{0, 15 * time.Minute}, w.tried)
	require.Equal(t, webhook.Succeeded, w.task.Delivery.Status)
}

// A delivery that never ends is a defect, and no loop.
func TestADeliveryWithoutAnEndIsADefect(t *testing.T) {
	t.Parallel()
	w := newWire(t, webhook.Hub, http.StatusInternalServerError)
	w.during = func() { // every attempt is the first of its round
		w.mu.Lock()
		defer w.mu.Unlock()
		w.task.Delivery.RoundAttempts = 0
	}
	w.ExecuteWorkflow(workflows.WebhookDeliveryWorkflow, workflows.WebhookDelivery{
		DeliveryID: w.task.Delivery.ID, EndpointID: w.task.Endpoint.ID, Progress: activities.NewWebhookProgress(w.task.Delivery, morning),
	})
	var defect *temporal.ApplicationError
	require.ErrorAs(t, w.GetWorkflowError(), &defect)
	require.Equal(t, activities.ErrorDefect, defect.Type())
	require.Len(t, w.tried, 32)
}
