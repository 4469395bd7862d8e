package app

import (
	"context"
	"time"

	"go.uber.org/zap"

	"paymenthub/activities"
	"paymenthub/api/console"
	"paymenthub/api/dialect"
	"paymenthub/internal/card"
	"paymenthub/internal/id"
	"paymenthub/internal/mail"
	"paymenthub/internal/notice"
	"paymenthub/internal/webhook"
	"paymenthub/internal/webhook/dispatch"
	"paymenthub/internal/webhook/post"
)

// openWebhooks makes what tells merchants' endpoints of events. Nothing is sent before
// the worker starts.
func (h *Hub) openWebhooks(context.Context) error {
	c, queue := h.config.Webhooks, h.store.Webhooks()
	policy := webhook.Policy{AllowLoopback: c.AllowLoopback, Ports: c.Ports}
	h.sender = post.New(post.Options{Policy: policy, Mask: card.Mask, Clock: h.clock})
	h.dispatcher = dispatch.New(dispatch.Options{
		Queue: queue, Sender: h.sender, Renderer: dialect.Renderer{}, Sealer: h.vault, Retrier: h.orchestrator,
		Clock: h.clock, Instance: id.NewSuffix(), Attempted: h.countAttempt,
		Failed: func(what string, err error) { h.log.Warn("webhooks: "+what, zap.Error(err)) },
	})
	h.webhooks = webhook.NewService(webhook.Options{
		Endpoints: queue, Deliveries: queue, Replays: queue, Attempter: h.dispatcher,
		Retrier: h.orchestrator, Replayer: h.orchestrator, Renderer: dialect.Renderer{}, Sealer: h.vault, Policy: policy, Clock: h.clock,
	})
	return nil
}

func (h *Hub) countAttempt(t webhook.Task, a webhook.Attempt) {
	var lag time.Duration
	if t.Delivery.Attempts == 0 {
		lag = a.StartedAt.Sub(t.Event.CreatedAt)
	}
	h.metrics.WebhookAttempt(a.OK(), string(t.Delivery.Scope.Environment), a.Duration, lag)
}

// startDispatcher has the events that this process writes told by this process, until
// stop is called.
func (h *Hub) startDispatcher() (stop func()) {
	h.store.DeliverThrough(h.dispatcher.Instance(), h.clock, h.dispatcher.Hand)
	running, end := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.dispatcher.Run(running)
	}()
	return func() {
		end()
		<-done
		h.sender.Close()
	}
}

// webhookSteps holds what the activities of webhooks work with.
func (h *Hub) webhookSteps() *activities.Webhooks {
	queue := h.store.Webhooks()
	return &activities.Webhooks{Queue: queue, Replays: queue, Attempter: h.dispatcher, Retrier: h.orchestrator, Clock: h.clock}
}

// backlog is what the sweep looks after of webhooks.
func (h *Hub) backlog() activities.Backlog {
	queue := h.store.Webhooks()
	return activities.Backlog{Queue: queue, Replays: queue, Retrier: h.orchestrator, Replayer: h.orchestrator}
}

// openMail makes what mails notices to merchants, where the operator has a mail server.
func (h *Hub) openMail(context.Context) error {
	h.courier = &notice.Courier{
		Outbox: h.store.Notices(), Settings: h.store.Merchants(), Clock: h.clock,
		Failed: func(noticeID string, err error) {
			h.log.Warn("mail not sent", zap.String("notice_id", noticeID), zap.Error(err))
		},
	}
	c := h.config.Mail
	if c.SMTPURL == "" {
		return nil
	}
	postman, err := mail.New(mail.Options{URL: string(c.SMTPURL), From: c.From})
	if err == nil {
		h.courier.Postman = postman
	}
	return err
}

// console is the pages for a merchant; nil where nobody names one.
func (h *Hub) console(merchant func() string) *console.Console {
	if merchant == nil {
		return nil
	}
	return console.New(console.Options{Webhooks: h.webhooks, Merchant: merchant, Clock: h.clock})
}
