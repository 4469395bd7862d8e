//go:build !slim

package devserver_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"paymenthub/internal/temporal/devserver"
)

const crashFileEnv = "DEVSERVER_TEST_CRASH_FILE"

// waitingWorkflow ends when it is signalled.
func waitingWorkflow(ctx workflow.Context) (string, error) {
	var said string
	workflow.GetSignalChannel(ctx, "say").Receive(ctx, &said)
	return said, nil
}

// TestCrashingProcess is the process that TestStateSurvivesKill kills: it
// completes one workflow, leaves another open, says so and waits.
func TestCrashingProcess(t *testing.T) {
	file := os.Getenv(crashFileEnv)
	if file == "" {
		t.Skip("runs inside TestStateSurvivesKill")
	}
	c := dial(t, startServer(t, devserver.Options{DataFile: file}))
	w := startWorker(t, c)
	defer w.Stop()
	runOrder(t, c, "closed")
	_, err := c.ExecuteWorkflow(t.Context(),
		client.StartWorkflowOptions{ID: "open", TaskQueue: taskQueue, EnableEagerStart: true}, waitingWorkflow)
	require.NoError(t, err)
	// A task that dies with its worker is handed out again after 10 s only.
	require.Eventually(t, func() bool {
		open, err := c.DescribeWorkflowExecution(t.Context(), "open", "")
		return err == nil && open.GetPendingWorkflowTask() == nil
	}, 30*time.Second, 10*time.Millisecond)
	_, err = os.Stdout.WriteString("ready to crash\n")
	require.NoError(t, err)
	time.Sleep(time.Minute)
}

func TestStateSurvivesKill(t *testing.T) {
	file := filepath.Join(folder(t), "temporal.db")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashingProcess$", "-test.v")
	child.Env = append(os.Environ(), crashFileEnv+"="+file)
	output, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	lines := bufio.NewScanner(output)
	crashed := false
	for !crashed && lines.Scan() {
		crashed = lines.Text() == "ready to crash"
	}
	require.NoError(t, child.Process.Kill())
	_ = child.Wait() // killed
	require.True(t, crashed, "the child ended early: %s", lines.Text())

	c := dial(t, startServer(t, devserver.Options{DataFile: file}))
	w := startWorker(t, c)
	defer w.Stop()
	closed, err := c.DescribeWorkflowExecution(t.Context(), "closed", "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, closed.GetWorkflowExecutionInfo().GetStatus())
	require.NoError(t, c.SignalWorkflow(t.Context(), "open", "", "say", "still here"))
	var said string
	require.NoError(t, c.GetWorkflow(t.Context(), "open", "").Get(t.Context(), &said))
	require.Equal(t, "still here", said)
}
