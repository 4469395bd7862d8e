package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a running command. Its output goes to files, so that all of it can
// be read and searched.
type process struct {
	command *exec.Cmd
	logs    string // folder of stdout and stderr
	ended   chan struct{}
	err     error // how it ended; read after ended is closed
	stood   bool  // whether a test stopped it for a time
}

// startProcess runs the binary in a process group of its own.
func startProcess(path, logs string, env []string, args ...string) (*process, error) {
	if err := os.MkdirAll(logs, 0o700); err != nil {
		return nil, err
	}
	stdout, err := appendTo(filepath.Join(logs, "stdout"))
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	stderr, err := appendTo(filepath.Join(logs, "stderr"))
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	p := &process{command: exec.Command(path, args...), logs: logs, ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = stdout, stderr
	p.command.Env = append(cleanEnvironment(), env...)
	p.command.SysProcAttr = ownGroup()
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.command.Wait()
		close(p.ended)
	}()
	return p, nil
}

func appendTo(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// cleanEnvironment is the environment without settings of the person who tests.
func cleanEnvironment() []string {
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "PAYMENTHUB_") {
			env = append(env, variable)
		}
	}
	return env
}

// interrupt asks the process to end, as Ctrl-C does, and returns how long that
// took. One that has not ended after 10 s is killed, which is an error.
func (p *process) interrupt() (time.Duration, error) {
	began := time.Now()
	if err := p.command.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, err
	}
	select {
	case <-p.ended:
		return time.Since(began), p.err
	case <-time.After(10 * time.Second):
		p.kill()
		return time.Since(began), errors.New("the process did not end within 10 s of SIGINT and was killed")
	}
}

// kill ends the process and its children at once, without a chance to tidy up.
func (p *process) kill() {
	select {
	case <-p.ended:
		return
	default:
	}
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// output returns what the process wrote so far.
func (p *process) output() (stdout, stderr string) {
	out, _ := os.ReadFile(filepath.Join(p.logs, "stdout"))
	errs, _ := os.ReadFile(filepath.Join(p.logs, "stderr"))
	return string(out), string(errs)
}

// wrote returns the lines of the process's log that hold the text.
func (p *process) wrote(text string) string {
	_, stderr := p.output()
	var lines strings.Builder
	for line := range strings.Lines(stderr) {
		if strings.Contains(line, text) {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

// crashed reports, from what the process wrote, that it hit a defect of the
// program rather than a fault of the world.
func (p *process) crashed() error {
	_, stderr := p.output()
	signs := []string{"fatal error:", "goroutine 1 [", `"msg":"panic"`, "[TMPRL1100]", "WARNING: DATA RACE"}
	if !p.stood { // a second passes over a process that stands still, too
		signs = append(signs, "Potential deadlock detected")
	}
	for _, sign := range signs {
		if at := strings.Index(stderr, sign); at >= 0 {
			return fmt.Errorf("the hub wrote %q:\n%s", sign, stderr[max(0, at-500):min(len(stderr), at+2000)])
		}
	}
	return nil
}
