package payment

import (
	"context"
	"errors"
	"time"

	"paymenthub/internal/fault"
)

// command sends a command to the payment's workflow, which it starts first if
// it is not there (a crash between the database and the start), and returns the
// payment after it, or as it stands after the time to wait.
func (s *Service) command(ctx context.Context, intent Intent, operationID string, send func(context.Context) error) (Intent, error) {
	waiting, cancel := context.WithTimeout(ctx, s.options.Wait)
	defer cancel()
	err := s.sendWhenReady(waiting, intent, send)
	if errors.Is(err, ErrNotRunning) {
		current, loadErr := s.repo.Load(ctx, intent.ID)
		if loadErr != nil {
			return Intent{}, loadErr
		}
		if current.Intent.Status.Terminal() {
			return s.orBegun(ctx, intent, operationID, WrongState(current.Intent, "changed"))
		}
		if err = s.orchestrator.StartPayment(waiting, current.Snapshot(), nil); err == nil {
			err = send(waiting)
		}
	}
	switch {
	case err == nil:
		return s.current(ctx, intent)
	case errors.Is(err, context.DeadlineExceeded):
		return s.underWay(ctx, intent, operationID)
	case fault.Is(err, fault.InvalidState):
		return s.orBegun(ctx, intent, operationID, err)
	default:
		return Intent{}, err
	}
}

// behind is the pause before a command is sent again to a workflow that has yet to
// learn what its own last step has written down.
const behind = 25 * time.Millisecond

// sendWhenReady sends a command that the database allows. A workflow that refuses it
// while the database still does has not heard of its last step's end, and is asked
// again as soon as it may have.
func (s *Service) sendWhenReady(ctx context.Context, intent Intent, send func(context.Context) error) error {
	for pause := behind; ; pause = min(2*pause, time.Second) {
		err := send(ctx)
		if !fault.Is(err, fault.InvalidState) {
			return err
		}
		now, readErr := s.current(ctx, intent)
		if readErr != nil || now.Status != intent.Status || now.Version != intent.Version {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// orBegun answers a command that its workflow refused. A workflow whose task was
// lost takes its messages once more, and may find the payment moved on by the
// very command that it refuses: then the command has succeeded.
func (s *Service) orBegun(ctx context.Context, intent Intent, operationID string, refusal error) (Intent, error) {
	now, begun, err := s.begun(ctx, intent, operationID)
	if err != nil {
		return Intent{}, err
	}
	if !begun {
		return Intent{}, refusal
	}
	return s.resume(ctx, now)
}

// underWay answers a command whose end was not heard of in time. One that its
// workflow has begun is answered with the payment. Of any other nobody knows
// whether it arrived: that is no result, and the same command sent again joins it.
func (s *Service) underWay(ctx context.Context, intent Intent, operationID string) (Intent, error) {
	now, begun, err := s.begun(ctx, intent, operationID)
	if err != nil {
		return Intent{}, err
	}
	if begun {
		return now, nil
	}
	return Intent{}, fault.New(fault.Unavailable, "The payment engine cannot be reached at the moment. Retry with the same Idempotency-Key.").
		After(commandRetry)
}

// begun reports whether the command has been written down, and returns the
// payment as it is after that: read before, it might not know the command yet.
func (s *Service) begun(ctx context.Context, intent Intent, operationID string) (now Intent, begun bool, err error) {
	if now, err = s.current(ctx, intent); err != nil || now.CanceledBy == operationID {
		return now, err == nil, err
	}
	if begun, err = s.hasTransaction(context.WithoutCancel(ctx), now, operationID); err != nil || !begun {
		return now, false, err
	}
	now, err = s.current(ctx, intent)
	return now, err == nil, err
}

// commandRetry is when a client may send a command again that nobody has taken.
const commandRetry = 2 * time.Second

// resume answers a request whose earlier try got as far as its gateway step: it
// makes sure that the step goes on, and waits for it.
func (s *Service) resume(ctx context.Context, intent Intent) (Intent, error) {
	watch := s.watcher.Watch(intent.ID)
	defer watch.Close()
	current, err := s.repo.Load(ctx, intent.ID) // intent may have been read before the step was written down
	if err != nil || current.Intent.Status != Processing {
		return current.Intent, err
	}
	if err := s.orchestrator.Revive(ctx, current.Snapshot()); err != nil {
		return Intent{}, err
	}
	return s.await(ctx, watch, intent, confirmed)
}

// current reads the payment again. It is not bound to the request's deadline:
// the step has happened, and the caller is owed its result.
func (s *Service) current(ctx context.Context, intent Intent) (Intent, error) {
	return s.repo.Payment(context.WithoutCancel(ctx), intent.Scope, intent.ID)
}

// hasTransaction reports whether the operation has reached the gateway step in
// an earlier try of the same request.
func (s *Service) hasTransaction(ctx context.Context, intent Intent, operationID string) (bool, error) {
	if intent.Operations == 0 {
		return false, nil
	}
	return s.repo.HasTransaction(ctx, intent.ID, TransactionID(operationID))
}
