package bench

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const (
	floorQueue    = "paymenthub-bench"
	floorWorkflow = "BenchFloorWorkflow"
	floorActivity = "BenchNothing"
)

// startFloorWorker runs the floor's worker beside the hub's, in this process.
func startFloorWorker(c client.Client) (stop func(), err error) {
	w := worker.New(c, floorQueue, worker.Options{
		DisableRegistrationAliasing:             true,
		MaxConcurrentWorkflowTaskExecutionSize:  200,
		MaxConcurrentLocalActivityExecutionSize: 200,
	})
	w.RegisterWorkflowWithOptions(floor, workflow.RegisterOptions{Name: floorWorkflow})
	w.RegisterActivityWithOptions(func(context.Context) error { return nil }, activity.RegisterOptions{Name: floorActivity})
	if err := w.Start(); err != nil {
		return nil, err
	}
	return w.Stop, nil
}

// floor is the least that a durable step can cost.
func floor(ctx workflow.Context) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Second})
	return workflow.ExecuteLocalActivity(ctx, floorActivity).Get(ctx, nil)
}

func runFloor(ctx context.Context, c client.Client) error {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: floorQueue, EnableEagerStart: true}, floorWorkflow)
	if err != nil {
		return err
	}
	return run.Get(ctx, nil)
}
