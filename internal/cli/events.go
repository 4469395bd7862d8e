package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"paymenthub/internal/event"
	"paymenthub/internal/webhook"
)

func eventsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "events", Short: "Look at what happens, as webhooks tell it"}
	cmd.AddCommand(eventsTailCommand())
	return cmd
}

func eventsTailCommand() *cobra.Command {
	var hub hubFlags
	var since time.Duration
	var types []string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "tail", Short: "Print events as they happen", Args: cobra.NoArgs,
		Long: `Print the events of a merchant as they happen, until interrupted: when, what, of which
object, its amount and its status. The hub is asked over its API, once a second.`,
		Example: "  paymenthub events tail\n  paymenthub events tail --type 'payment_intent.*' --since 10m\n  paymenthub events tail --json --url https://pay.example.com",
		RunE: func(cmd *cobra.Command, _ []string) error {
			wanted := wantedTypes(types)
			if err := wanted.check("--type", eventNames(webhook.Hub)); err != nil {
				return err
			}
			if since < 0 || since > event.KeptFor {
				return fmt.Errorf("--since must be 0 to %s: events are kept that long", event.KeptFor)
			}
			client, err := hub.client(cmd)
			if err != nil {
				return err
			}
			t := tail{out: cmd.OutOrStdout(), json: asJSON, wanted: wanted}
			return untilInterrupted(t.run(cmd.Context(), &follower{hub: client, every: followEvery}, since))
		},
	}
	hub.add(cmd.Flags())
	cmd.Flags().DurationVar(&since, "since", 0, "begin with what happened that long ago")
	cmd.Flags().StringSliceVar(&types, "type", nil, "only these events, payment_intent.succeeded or payment_intent.*; may be repeated")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each event's JSON on a line of its own")
	return cmd
}

// untilInterrupted takes an interruption for the end that it is.
func untilInterrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// tail prints events.
type tail struct {
	out    io.Writer
	json   bool
	wanted wantedTypes
}

func (t tail) run(ctx context.Context, f *follower, since time.Duration) error {
	var from time.Time
	if since > 0 {
		from = time.Now().Add(-since)
	}
	if err := f.begin(ctx, from); err != nil {
		return err
	}
	if !t.json {
		say(f.hub.told, "Waiting for events of %s …", f.hub.base)
	}
	return f.follow(ctx, t.print)
}

func (t tail) print(e publicEvent) error {
	if !t.wanted.has(e.Type) {
		return nil
	}
	if !t.json {
		_, err := fmt.Fprintln(t.out, e)
		return err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, e.raw); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.out, printable(compact.String()))
	return err
}

// printable is compact JSON with an escape for everything in its strings that a terminal
// could take for more than text.
func printable(compact string) string {
	var b strings.Builder
	for _, r := range compact {
		switch {
		case r == utf8.RuneError: // or what is no UTF-8
			b.WriteString(`\ufffd`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
