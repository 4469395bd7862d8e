package chaos

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// signs are what a program writes when it hit a defect of its own, rather than a
// fault of the world, or when it calls an operator: here provider and hub agree,
// so nothing needs one.
var signs = []string{
	"panic:", "fatal error:", "goroutine 1 [", `"msg":"panic"`, "WARNING: DATA RACE",
	deadlock, "[TMPRL1100]", "needs an operator",
}

// deadlock is what the SDK writes of workflow code that a second has passed
// over: also when the whole process was stopped for that time.
const deadlock = "Potential deadlock detected"

// delivery is what the hub logs of every webhook that it gets.
const delivery = `"route":"/webhooks/`

// readLogs looks for signs, and for card numbers, in what the world's processes
// wrote, and counts the webhooks that came. At most maxFindings of each are
// reported. In a world whose hub was stopped for seconds, a deadlock is no sign.
func readLogs(folder string, stopped bool) (found []Violation, webhooks int64, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.log"))
	if err != nil {
		return nil, 0, err
	}
	for _, file := range files {
		more, came, err := readLog(file, stopped)
		if err != nil {
			return nil, 0, err
		}
		found, webhooks = append(found, more...), webhooks+came
	}
	return found, webhooks, nil
}

// maxFindings bounds what is reported of one kind in one log.
const maxFindings = 3

func readLog(file string, stopped bool) (found []Violation, webhooks int64, err error) {
	log, err := os.Open(file)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	name, seen := filepath.Base(file), map[string]int{}
	in := bufio.NewReader(log)
	for n := 1; ; n++ {
		line, readErr := in.ReadString('\n')
		if strings.Contains(line, delivery) {
			webhooks++
		}
		for _, sign := range signs {
			if strings.Contains(line, sign) && !(stopped && sign == deadlock) {
				if seen[sign]++; seen[sign] <= maxFindings {
					found = append(found, Violation{"log", fmt.Sprintf("%s:%d", name, n), fmt.Sprintf("%.600s", strings.TrimSpace(line))})
				}
			}
		}
		for card, number := range numbers {
			if strings.Contains(line, number) {
				if seen[number]++; seen[number] <= maxFindings {
					found = append(found, Violation{"card_in_log", fmt.Sprintf("%s:%d", name, n), "the number of the card " + string(card)})
				}
			}
		}
		if errors.Is(readErr, io.EOF) {
			return found, webhooks, nil
		} else if readErr != nil {
			return found, webhooks, readErr
		}
	}
}
