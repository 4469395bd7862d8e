package temporal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"paymenthub/internal/temporal/attribute"
)

const (
	// registerTimeout bounds registration together with its propagation: the
	// frontend's caches follow within a few seconds.
	registerTimeout    = 20 * time.Second
	propagationPolling = 100 * time.Millisecond
)

// EnsureSearchAttributes registers the hub's search attributes in a namespace
// where they are missing, and returns when they can be used. It is safe to call
// at every start and from several processes; it takes 20 s at most.
func EnsureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	return RegisterSearchAttributes(ctx, c, namespace, attribute.Types())
}

// RegisterSearchAttributes is EnsureSearchAttributes for a given set. An
// attribute that exists with another type is an error.
func RegisterSearchAttributes(ctx context.Context, c client.Client, namespace string, want map[string]enumspb.IndexedValueType) error {
	ctx, cancel := context.WithTimeout(ctx, registerTimeout)
	defer cancel()
	missing, err := missingSearchAttributes(ctx, c, namespace, want)
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        namespace,
		SearchAttributes: missing,
	})
	var exists *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("cannot register search attributes in namespace %q; an operator can: %s: %w",
			namespace, operatorCommand(namespace, missing), err)
	}
	return awaitSearchAttributes(ctx, c, namespace, missing)
}

func missingSearchAttributes(
	ctx context.Context, c client.Client, namespace string, want map[string]enumspb.IndexedValueType,
) (map[string]enumspb.IndexedValueType, error) {
	present, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("cannot list search attributes of namespace %q: %w", namespace, err)
	}
	missing := make(map[string]enumspb.IndexedValueType)
	for name, valueType := range want {
		actual, ok := present.GetCustomAttributes()[name]
		switch {
		case !ok:
			missing[name] = valueType
		case actual != valueType:
			return nil, fmt.Errorf("search attribute %s of namespace %q is of type %s, the hub needs %s", name, namespace, actual, valueType)
		}
	}
	return missing, nil
}

// awaitSearchAttributes returns when queries by the attributes are accepted:
// before that, starting a workflow with them fails.
func awaitSearchAttributes(ctx context.Context, c client.Client, namespace string, added map[string]enumspb.IndexedValueType) error {
	conditions := make([]string, 0, len(added))
	for name := range added {
		conditions = append(conditions, name+" IS NULL")
	}
	request := &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: namespace,
		Query:     strings.Join(conditions, " AND "),
	}
	for {
		_, err := c.WorkflowService().CountWorkflowExecutions(ctx, request)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("search attributes were registered in namespace %q but cannot be used yet: %w", namespace, err)
		case <-time.After(propagationPolling):
		}
	}
}

func operatorCommand(namespace string, missing map[string]enumspb.IndexedValueType) string {
	args := make([]string, 0, len(missing))
	for name, valueType := range missing {
		args = append(args, fmt.Sprintf("--name %s --type %s", name, valueType))
	}
	slices.Sort(args)
	return fmt.Sprintf("temporal operator search-attribute create --namespace %s %s", namespace, strings.Join(args, " "))
}
