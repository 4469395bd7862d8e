package chaos

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// script is a shell process that has said "ready".
func script(t *testing.T, text string) *process {
	t.Helper()
	p := newProcess(t.TempDir(), "/bin/sh", "script", "ready", nil, "-c", text)
	t.Cleanup(p.retire)
	require.NoError(t, p.start())
	require.NoError(t, p.await(t.Context()))
	return p
}

func (p *process) lives() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.starts
}

func TestWhatEndsUnaskedIsStartedAgainAndNoted(t *testing.T) {
	p := script(t, "echo ready; sleep 0.1; exit 3")
	require.Eventually(t, func() bool { return p.lives() > 2 }, 30*time.Second, 10*time.Millisecond)
	require.Contains(t, p.endings(), "exit status 3")
}

func TestKilledProcessStaysDead(t *testing.T) {
	p := script(t, "echo ready; sleep 60 & wait")
	child := p.current.command.Process.Pid
	p.kill()
	require.Eventually(t, func() bool { return syscall.Kill(-child, 0) == syscall.ESRCH }, 30*time.Second, 10*time.Millisecond,
		"its children go with it")
	time.Sleep(2 * restartPause)
	require.Equal(t, 1, p.lives())
	require.Empty(t, p.endings(), "that was asked for")
	require.NoError(t, p.start())
	require.NoError(t, p.await(t.Context()))
	require.Equal(t, 2, p.lives())
}

// The traps are set before the scripts are ready to be terminated.
func TestTermination(t *testing.T) {
	require.NoError(t, script(t, "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done").terminate())
	require.ErrorContains(t, script(t, "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done").terminate(), "exit status 7")
}

func TestFirstStartThatFailsSaysWhy(t *testing.T) {
	p := newProcess(t.TempDir(), "/bin/sh", "script", "ready", nil, "-c", "echo this build has no server; exit 1")
	t.Cleanup(p.retire)
	require.NoError(t, p.start())
	require.ErrorContains(t, p.awaitFirst(t.Context()), "this build has no server")
}

func TestStoppedProcessGoesOn(t *testing.T) {
	p := script(t, "echo ready; sleep 60")
	p.signal(syscall.SIGSTOP)
	p.signal(syscall.SIGCONT)
	p.setEnv("A", "1")
	p.setEnv("A", "2")
	require.Equal(t, []string{"A=2"}, p.env)
}
