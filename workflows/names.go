// Package workflows tells the lives of the hub's objects: what waits for what,
// for how long, and what happens then. Workflows hold no dependencies; they
// reach the world through the activities' typed names.
package workflows

import (
	"strconv"
	"time"

	"paymenthub/activities"
	"paymenthub/internal/payment"
)

// Where the hub's workers listen. Webhooks have their own queue: their number and
// slowness are up to merchants' servers, and no payment is to wait for those.
const (
	TaskQueue        = "paymenthub"
	WebhookTaskQueue = "paymenthub-webhooks"
)

// TaskTimeout is how long Temporal waits for a worker that took a workflow's task
// before it hands the task out again. A busy server loses one now and then on its way
// to the worker, as does a worker that is killed: half of Temporal's own 10 s lets a
// caller who waits 10 s for a payment still have its outcome. A local activity that
// takes longer than four fifths of it has the worker ask for more time.
const TaskTimeout = 5 * time.Second

// The workflows.
const (
	PaymentWorkflow = "PaymentWorkflow" // id payment/<payment id>
	RefundWorkflow  = "RefundWorkflow"  // id refund/<refund id>
	DisputeWorkflow = "DisputeWorkflow" // id dispute/<gateway>/<environment>/<the provider's id>
	SweepWorkflow   = "SweepWorkflow"   // id sweep, started by a schedule
	// PaymentMethodWorkflow has the id payment_method/<method id>, and with /detach
	// after it when the method is to be kept no longer.
	PaymentMethodWorkflow = "PaymentMethodWorkflow"

	WebhookDeliveryWorkflow = "WebhookDeliveryWorkflow" // id webhook/<delivery id>/<round>
	WebhookReplayWorkflow   = "WebhookReplayWorkflow"   // id webhook-replay/<replay id>
)

// PaymentWorkflowID is the id of the payment's workflow.
func PaymentWorkflowID(paymentID string) string { return "payment/" + paymentID }

// RefundWorkflowID is the id of the refund's workflow.
func RefundWorkflowID(refundID string) string { return "refund/" + refundID }

// PaymentMethodWorkflowID is the id of a payment method's workflow.
func PaymentMethodWorkflowID(in PaymentMethod) string {
	if in.Forget {
		return "payment_method/" + in.MethodID + "/detach"
	}
	return "payment_method/" + in.MethodID
}

// DisputeWorkflowID is the id of the dispute's workflow.
func DisputeWorkflowID(d payment.DisputeRef) string {
	return "dispute/" + d.Gateway + "/" + string(d.Environment) + "/" + d.Reference
}

// WebhookDeliveryWorkflowID is the id of the workflow of one round of a delivery.
func WebhookDeliveryWorkflowID(deliveryID string, round int) string {
	return "webhook/" + deliveryID + "/" + strconv.Itoa(round)
}

// WebhookReplayWorkflowID is the id of the replay's workflow.
func WebhookReplayWorkflowID(replayID string) string { return "webhook-replay/" + replayID }

// The messages to a PaymentWorkflow. Updates return when their step has ended
// or its outcome is unknown.
const (
	UpdateConfirm = "confirm"
	UpdateCapture = "capture"
	UpdateCancel  = "cancel"
	// SignalLookUp asks the gateway at once: the shopper came back, the gateway
	// told something, or an operator wants to know. Its argument is a LookUp, or
	// nothing. Refunds and disputes take it too.
	SignalLookUp = "look_up"
	// SignalCheck says that the database may know more of the payment than the
	// workflow does. An update is durable only once it is accepted, and its step
	// runs before that: a worker that dies in between leaves what the step wrote
	// and a workflow that never heard of it.
	SignalCheck = "check"
)

// SignalAttemptNow has a WebhookDeliveryWorkflow make an attempt at once. The next one of
// its schedule keeps its time.
const SignalAttemptNow = "attempt_now"

// LookUp is the argument of SignalLookUp.
type LookUp struct {
	// NotificationID names what the gateway has told, for when it cannot be asked.
	NotificationID string `json:"notification_id,omitempty"`
}

// ErrorInvalidState is the type of the error of an update that the payment's
// state forbids.
const ErrorInvalidState = "invalid_state"

// Payment is the argument of a PaymentWorkflow: the payment as it stands, and
// the confirmation that came with its creation.
type Payment struct {
	Snapshot payment.Snapshot      `json:"snapshot"`
	Confirm  *payment.Confirmation `json:"confirm,omitempty"`
}

// Refund is the argument of a RefundWorkflow.
type Refund struct {
	RefundID  string `json:"refund_id"`
	PaymentID string `json:"payment_id"`
	// Review: the refund is settled, and the gateway may have taken it back.
	Review bool `json:"review,omitempty"`
}

// PaymentMethod is the argument of a PaymentMethodWorkflow.
type PaymentMethod struct {
	MethodID string `json:"method_id"`
	Forget   bool   `json:"forget,omitempty"` // the gateway is to keep it no longer
}

// WebhookDelivery is the argument of a WebhookDeliveryWorkflow: the retrying delivery as
// it stands.
type WebhookDelivery struct {
	DeliveryID string                     `json:"delivery_id"`
	EndpointID string                     `json:"endpoint_id"`
	MerchantID string                     `json:"merchant_id"`
	Type       string                     `json:"type"` // the event's name in the endpoint's dialect
	Progress   activities.WebhookProgress `json:"progress"`
}

// WebhookReplay is the argument of a WebhookReplayWorkflow.
type WebhookReplay struct {
	ReplayID   string `json:"replay_id"`
	EndpointID string `json:"endpoint_id"`
}
