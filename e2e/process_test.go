package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
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
	said    int64 // how much others had written into stderr before
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
	before, err := stderr.Stat()
	if err != nil {
		return nil, err
	}
	p := &process{command: exec.Command(path, args...), logs: logs, ended: make(chan struct{}), said: before.Size()}
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

// endLimit bounds how long a process may take to end on a machine that does other things.
const endLimit = 30 * time.Second

// ends counts the processes that were interrupted, and hurriedEnds those of them that
// ended before all of their parts had.
var ends, hurriedEnds atomic.Int64

// interrupt asks the process to end, as Ctrl-C does, and returns how long that
// took. One that has not ended after endLimit is killed, which is an error.
func (p *process) interrupt() (time.Duration, error) {
	watch := startWatch()
	if err := p.command.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, err
	}
	select {
	case <-p.ended:
		ends.Add(1)
		if p.err != nil && p.hurried() {
			hurriedEnds.Add(1)
			return watch.elapsed(), nil
		}
		return watch.elapsed(), p.err
	case <-time.After(endLimit):
		p.kill()
		return watch.elapsed(), fmt.Errorf("the process did not end within %s of SIGINT and was killed", endLimit)
	}
}

// hurried reports whether a hub in development mode has ended without a part that took
// too long, which keeps its promise to end within 5 s: its state is safe.
func (p *process) hurried() bool {
	return strings.Contains(p.complaints(), "stopping took too long")
}

// tooHurried is an error when that was no exception.
func tooHurried() error {
	if hurried, all := hurriedEnds.Load(), ends.Load(); hurried > 3 && 4*hurried > all {
		return fmt.Errorf("of %d hubs that were to stop, %d ended before all of their parts had", all, hurried)
	}
	return nil
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

// complaints are what the process itself wrote into stderr so far.
func (p *process) complaints() string {
	_, stderr := p.output()
	return stderr[min(p.said, int64(len(stderr))):]
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
	for _, sign := range []string{"fatal error:", "goroutine 1 [", `"msg":"panic"`, "[TMPRL1100]", "WARNING: DATA RACE"} {
		if at := strings.Index(stderr, sign); at >= 0 {
			return fmt.Errorf("the hub wrote %q:\n%s", sign, stderr[max(0, at-500):min(len(stderr), at+2000)])
		}
	}
	for line := range strings.Lines(stderr) {
		if strings.Contains(line, "Potential deadlock detected") && thirdAttempt.MatchString(line) {
			return fmt.Errorf("a workflow is deadlocked:\n%s", line)
		}
	}
	return nil
}

// thirdAttempt finds, among the tasks of which Temporal says that they did not go on for
// a second, those that were taken for the third time. On a machine that stands still
// every task may be late; one that is deadlocked always is.
var thirdAttempt = regexp.MustCompile(`"Attempt":\s*([3-9]|\d\d)`)
