package interleave

import (
	"context"
	"sync"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
)

// ActivityContext is a context in which activities may be called directly, by
// any number of goroutines.
var ActivityContext = sync.OnceValues(func() (ctx context.Context, err error) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&attempts{}}})
	lend := func(inside context.Context) error {
		ctx = context.WithoutCancel(inside)
		return nil
	}
	env.RegisterActivity(lend)
	_, err = env.ExecuteActivity(lend)
	return ctx, err
})

type attemptKey struct{}

// AsAttempt makes an activity's context that of its attempt of this number,
// from 1.
func AsAttempt(ctx context.Context, attempt int32) context.Context {
	return context.WithValue(ctx, attemptKey{}, attempt)
}

// attempts tells activities the number of their attempt.
type attempts struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (*attempts) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &inbound{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type inbound struct {
	interceptor.ActivityInboundInterceptorBase
}

// Init implements interceptor.ActivityInboundInterceptor.
func (i *inbound) Init(out interceptor.ActivityOutboundInterceptor) error {
	return i.Next.Init(&outbound{interceptor.ActivityOutboundInterceptorBase{Next: out}})
}

type outbound struct {
	interceptor.ActivityOutboundInterceptorBase
}

// GetInfo implements interceptor.ActivityOutboundInterceptor.
func (o *outbound) GetInfo(ctx context.Context) activity.Info {
	info := o.Next.GetInfo(ctx)
	if attempt, ok := ctx.Value(attemptKey{}).(int32); ok {
		info.Attempt = attempt
	}
	return info
}
