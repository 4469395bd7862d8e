package chaos

import (
	"context"
	"syscall"
	"time"
)

// sendLimit bounds how long a kill waits for its operation to be sent.
const sendLimit = 3 * time.Second

// strike lets one fault happen and returns when it is over: what it stopped is
// started again, though it need not answer yet.
func (s *session) strike(ctx context.Context, f Fault) error {
	w := s.world
	switch f.Kind {
	case FaultProvider, FaultLookUp:
		return s.provider.fault(ctx, f.ProviderFault)
	case FaultWebhooks:
		return s.provider.webhooks(ctx, f.Webhooks)
	case FaultKillServe:
		return s.kill(ctx, f, w.serve)
	case FaultKillWorker:
		return s.kill(ctx, f, w.worker)
	case FaultKillBoth:
		return s.kill(ctx, f, w.serve, w.worker)
	case FaultKillTemporal:
		return s.kill(ctx, f, w.temporal)
	case FaultStopTemporal:
		return s.stop(ctx, f, w.temporal)
	case FaultStopServe:
		return s.stop(ctx, f, w.serve)
	case FaultStopWorker:
		return s.stop(ctx, f, w.worker)
	case FaultRestartServe:
		s.terminate(w.serve)
		return w.serve.start()
	case FaultClock:
		return s.step(f.Offset)
	case FaultDatabaseLocked:
		return w.options.Database.hold(ctx, f.For)
	default:
		return w.options.Database.restart(f.Kind == FaultDatabaseCrash)
	}
}

// kill kills the processes at one moment and starts them again.
func (s *session) kill(ctx context.Context, f Fault, victims ...*process) error {
	select {
	case <-s.marks[f.OnStep].sent:
	case <-time.After(sendLimit):
	case <-ctx.Done():
	}
	pause(ctx, f.Delay)
	for _, p := range victims {
		p.kill()
	}
	pause(ctx, f.For)
	for _, p := range victims {
		if err := p.start(); err != nil {
			return err
		}
	}
	return nil
}

// stop lets a process stand still for a while.
func (s *session) stop(ctx context.Context, f Fault, p *process) error {
	p.signal(syscall.SIGSTOP)
	pause(ctx, f.For)
	p.signal(syscall.SIGCONT)
	return nil
}

// step restarts hub and worker with another time.
func (s *session) step(offset time.Duration) error {
	s.terminate(s.world.serve)
	s.terminate(s.world.worker)
	s.world.setClock(offset)
	if err := s.world.serve.start(); err != nil {
		return err
	}
	return s.world.worker.start()
}

// terminate asks a process to end, which it must do by itself.
func (s *session) terminate(p *process) {
	if err := p.terminate(); err != nil {
		s.diary.violate("shutdown", p.name, "%v", err)
	}
}
