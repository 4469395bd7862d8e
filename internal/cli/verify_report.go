package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"paymenthub/internal/verify"
)

// progressEvery is how often a step's progress is a line of a log.
const progressEvery = 10 * time.Second

// progressOn shows a bar where a person watches, and a line now and then
// anywhere else.
func progressOn(w io.Writer) (progress func(step string, done, total int64), finish func()) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return progressLines(w, progressEvery), func() {}
	}
	bar := progressbar.NewOptions64(1, progressbar.OptionSetWriter(file),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	return func(step string, done, total int64) {
		bar.Describe(step)
		bar.ChangeMax64(max(total, done+1)) // a full bar takes no more
		_ = bar.Set64(done)
	}, func() { _ = bar.Clear() }
}

// progressLines tells of a step that takes long, once in every while.
func progressLines(w io.Writer, every time.Duration) func(step string, done, total int64) {
	said := time.Now()
	return func(step string, done, total int64) {
		if time.Since(said) < every {
			return
		}
		said = time.Now()
		switch {
		case total > 0:
			say(w, "checking %s: %d of %d", step, done, total)
		case done > 0:
			say(w, "reading %s: %d", step, done)
		default:
			say(w, "checking %s", step)
		}
	}
}

// oneLine replaces what would end a line or command a terminal: a violation may
// quote what a provider says.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, text)
}

// printVerified prints the report, and ends the command with status 1 when
// there are violations.
func printVerified(cmd *cobra.Command, r verify.Report, asJSON bool) error {
	out, stderr := cmd.OutOrStdout(), cmd.ErrOrStderr()
	if asJSON {
		if err := json.NewEncoder(out).Encode(r); err != nil {
			return err
		}
	} else {
		for _, v := range r.Violations {
			if _, err := fmt.Fprintln(out, oneLine(fmt.Sprintf("%s %s: %s", v.Rule, v.ObjectID, v.Message))); err != nil {
				return err
			}
		}
	}
	if rest := r.Total - int64(len(r.Violations)); rest > 0 {
		say(stderr, "… and %d more", rest)
	}
	if n := r.NeedsOperator; n.Total() > 0 {
		say(stderr, "an operator must look at %d payments, %d refunds, %d payment methods and %d notifications",
			n.Payments, n.Refunds, n.Methods, n.Notifications)
	}
	say(stderr, "%d payments, %d provider charges, %d provider refunds and %d provider disputes checked: %d violations, %d payments not settled yet",
		r.Payments, r.Charges, r.Refunds, r.Disputes, r.Total, r.Unsettled)
	if r.Total > 0 {
		return errSilent
	}
	return nil
}
