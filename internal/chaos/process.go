package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// startLimit bounds a start on a busy machine.
	startLimit = 60 * time.Second
	// stopLimit is how long a process may take to end by itself.
	stopLimit = 10 * time.Second
	// restartPause is what a supervisor waits before it starts again what ended.
	restartPause = 200 * time.Millisecond
)

// process is one of the world's programs, with a supervisor that starts it again
// when it ends unasked. Its output is appended to one log file.
type process struct {
	name  string
	path  string
	log   string // file
	ready string // what it logs when it answers

	mu      sync.Mutex
	args    []string
	env     []string
	wanted  bool
	current *run
	starts  int
	ended   []string // how it ended unasked, after it was ready
	watched sync.WaitGroup
}

// run is one life of a process.
type run struct {
	command *exec.Cmd
	logFrom int64 // where in the log it begins
	gone    chan struct{}
	err     error // read after gone is closed
}

func newProcess(folder, path, name, ready string, env []string, args ...string) *process {
	return &process{name: name, path: path, log: filepath.Join(folder, name+".log"), ready: ready, args: args, env: env}
}

// start starts the process and its supervisor and does not wait until it is ready.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = true
	return p.launch()
}

// launch starts one life. The caller holds the lock.
func (p *process) launch() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	info, err := log.Stat()
	if err != nil {
		return err
	}
	r := &run{command: exec.Command(p.path, p.args...), logFrom: info.Size(), gone: make(chan struct{})}
	r.command.Stdout, r.command.Stderr, r.command.Env, r.command.SysProcAttr = log, log, p.env, ownGroup()
	if err := r.command.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.current = r
	p.starts++
	p.watched.Go(func() {
		r.err = r.command.Wait()
		close(r.gone)
		p.supervise(r)
	})
	return nil
}

// supervise starts the process again when it ended unasked.
func (p *process) supervise(r *run) {
	p.mu.Lock()
	unasked := p.wanted && p.current == r
	if unasked && p.isReady(r) {
		p.ended = append(p.ended, fmt.Sprintf("%v", r.err))
	}
	p.mu.Unlock()
	if !unasked {
		return
	}
	time.Sleep(restartPause)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wanted && p.current == r {
		if err := p.launch(); err != nil {
			p.ended = append(p.ended, err.Error())
		}
	}
}

// isReady reports whether this life of the process has said that it answers.
func (p *process) isReady(r *run) bool {
	log, err := os.Open(p.log)
	if err != nil {
		return false
	}
	defer func() { _ = log.Close() }()
	content, err := io.ReadAll(io.NewSectionReader(log, r.logFrom, 1<<40))
	return err == nil && bytes.Contains(content, []byte(p.ready))
}

// await waits until the process answers, over restarts by its supervisor.
func (p *process) await(ctx context.Context) error {
	for deadline := time.Now().Add(startLimit); ; {
		p.mu.Lock()
		r := p.current
		p.mu.Unlock()
		if p.isReady(r) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s was not ready within %s: %s", p.name, startLimit, p.lastWords())
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// awaitFirst is await for the first start: a process that ends before it is
// ready will not do better the next time.
func (p *process) awaitFirst(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	first := p.current
	p.mu.Unlock()
	go func() {
		select {
		case <-first.gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := p.await(ctx)
	select {
	case <-first.gone:
		return fmt.Errorf("%s did not start: %s", p.name, p.lastWords())
	default:
		return err
	}
}

// kill ends the process group at once (SIGKILL), and for good.
func (p *process) kill() {
	p.mu.Lock()
	r := p.current
	p.wanted = false
	p.mu.Unlock()
	if r == nil {
		return
	}
	_ = syscall.Kill(-r.command.Process.Pid, syscall.SIGKILL)
	<-r.gone
}

// terminate asks the process to end (SIGTERM). It is an error when it does not
// end by itself, or not well.
func (p *process) terminate() error {
	p.mu.Lock()
	r := p.current
	p.wanted = false
	p.mu.Unlock()
	if r == nil {
		return nil
	}
	wasReady := p.isReady(r)
	if err := r.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-r.gone:
		if r.err != nil && wasReady {
			return fmt.Errorf("%s ended with %w when it was asked to stop", p.name, r.err)
		}
		return nil
	case <-time.After(stopLimit):
		p.kill()
		return fmt.Errorf("%s did not end within %s of SIGTERM", p.name, stopLimit)
	}
}

// signal sends a signal to the process, which may be gone.
func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil {
		_ = syscall.Kill(-p.current.command.Process.Pid, s)
	}
}

// retire kills the process and waits for its supervisor.
func (p *process) retire() {
	p.kill()
	p.watched.Wait()
}

// setEnv changes a variable for the next start.
func (p *process) setEnv(name, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	env := make([]string, 0, len(p.env)+1)
	for _, variable := range p.env {
		if !strings.HasPrefix(variable, name+"=") {
			env = append(env, variable)
		}
	}
	p.env = append(env, name+"="+value)
}

// endings says how the process ended unasked.
func (p *process) endings() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// lastWords is the end of the log.
func (p *process) lastWords() string {
	content, _ := os.ReadFile(p.log)
	return strings.TrimSpace(string(content[max(0, len(content)-2000):]))
}

// command runs the program once, bounded, and returns what it prints.
func (w *World) command(ctx context.Context, limit time.Duration, args ...string) (stdout string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.options.Binary, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env, cmd.SysProcAttr = &out, &errs, w.hubEnv(), ownGroup()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(args[:min(2, len(args))], " "), err, strings.TrimSpace(errs.String()))
	}
	return out.String(), nil
}
