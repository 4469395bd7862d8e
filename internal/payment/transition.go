package payment

import "paymenthub/internal/event"

// Step is one kind of change to a payment's state.
type Step string

// The steps. docs/PAYMENTS.md draws them; the table below is the only place
// that allows one.
const (
	StepAuthorize       Step = "authorize"        // an attempt is about to reach the gateway
	StepFailOver        Step = "fail_over"        // refused, and about to reach another gateway
	StepRequireAction   Step = "require_action"   // the gateway wants the shopper to act
	StepAuthorized      Step = "authorized"       // held, waits for capture
	StepCaptured        Step = "captured"         // taken
	StepDeclined        Step = "declined"         // refused, attempts are left
	StepFailed          Step = "failed"           // refused, attempts are spent
	StepCapture         Step = "capture"          // a capture is about to reach the gateway
	StepCaptureDeclined Step = "capture_declined" // the capture was refused, the hold stands
	StepVoid            Step = "void"             // a void is about to reach the gateway
	StepVoidDeclined    Step = "void_declined"    // the void was refused, the hold stands
	StepCanceled        Step = "canceled"         // given up on request
	StepExpired         Step = "expired"          // given up by time
)

type edge struct {
	from Status
	step Step
}

type arrival struct {
	to     Status
	events []event.Type
}

// transitions is the state machine: what is not here cannot happen.
var transitions = map[edge]arrival{
	{RequiresConfirmation, StepAuthorize}: {Processing, nil},
	{RequiresConfirmation, StepCanceled}:  {Canceled, []event.Type{event.PaymentCanceled}},
	{RequiresConfirmation, StepExpired}:   {Expired, []event.Type{event.PaymentFailed}},

	{RequiresPaymentMethod, StepAuthorize}: {Processing, nil},
	{RequiresPaymentMethod, StepCanceled}:  {Canceled, []event.Type{event.PaymentCanceled}},
	{RequiresPaymentMethod, StepExpired}:   {Expired, []event.Type{event.PaymentFailed}},

	{Processing, StepFailOver}:        {Processing, nil},
	{Processing, StepRequireAction}:   {RequiresAction, []event.Type{event.PaymentRequiresAction}},
	{Processing, StepAuthorized}:      {RequiresCapture, []event.Type{event.PaymentAuthorized}},
	{Processing, StepCaptured}:        {Succeeded, []event.Type{event.PaymentSucceeded}},
	{Processing, StepDeclined}:        {RequiresPaymentMethod, []event.Type{event.PaymentFailed}},
	{Processing, StepFailed}:          {Failed, []event.Type{event.PaymentFailed}},
	{Processing, StepCaptureDeclined}: {RequiresCapture, nil},
	{Processing, StepVoidDeclined}:    {RequiresCapture, nil},
	{Processing, StepCanceled}:        {Canceled, []event.Type{event.PaymentCanceled}},
	{Processing, StepExpired}:         {Expired, []event.Type{event.PaymentFailed}},

	{RequiresAction, StepAuthorized}: {RequiresCapture, []event.Type{event.PaymentAuthorized}},
	{RequiresAction, StepCaptured}:   {Succeeded, []event.Type{event.PaymentSucceeded}},
	{RequiresAction, StepDeclined}:   {RequiresPaymentMethod, []event.Type{event.PaymentFailed}},
	{RequiresAction, StepFailed}:     {Failed, []event.Type{event.PaymentFailed}},
	{RequiresAction, StepVoid}:       {Processing, nil},

	{RequiresCapture, StepCapture}: {Processing, nil},
	{RequiresCapture, StepVoid}:    {Processing, nil},
}

// advance moves the intent by one step and returns the events to tell.
func (p *Intent) advance(step Step) ([]event.Type, error) {
	next, ok := transitions[edge{p.Status, step}]
	if !ok {
		return nil, &StepError{PaymentID: p.ID, Status: p.Status, Step: step}
	}
	p.Status = next.to
	return next.events, nil
}

// Transition is one row of the state machine, for documentation and checks.
type Transition struct {
	From   Status
	Step   Step
	To     Status
	Events []event.Type
}

// Transitions lists the state machine in no particular order.
func Transitions() []Transition {
	all := make([]Transition, 0, len(transitions))
	for e, a := range transitions {
		all = append(all, Transition{From: e.from, Step: e.step, To: a.to, Events: a.events})
	}
	return all
}
