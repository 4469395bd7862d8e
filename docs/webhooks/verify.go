//go:build ignore

// Verifies a message of Payment Hub. With the header as argument and the body on standard
// input it prints the event's id, or "invalid" and ends with 1:
//
//	WEBHOOK_SECRET=whsec_… go run verify.go "$X_AMICA_SIGNATURE" < body.json
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// docs:begin
const tolerance = 5 * time.Minute

// Event is what a message tells.
type Event struct {
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	CreatedAt   time.Time       `json:"created_at"`
	Environment string          `json:"environment"`
	Data        json.RawMessage `json:"data"`
}

// verify returns the event of a message. header is X-AMICA-Signature; body is the bytes
// that came: parsed and written again, they would have another signature.
func verify(header string, body []byte, secret string, now time.Time) (Event, error) {
	var timestamp string
	var signatures []string
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "t":
			timestamp = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return Event{}, errors.New("the timestamp is missing or too far from now")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	expected := hex.EncodeToString(mac.Sum(nil))
	for _, signature := range signatures {
		if hmac.Equal([]byte(expected), []byte(signature)) {
			var e Event
			err := json.Unmarshal(body, &e)
			return e, err
		}
	}
	return Event{}, errors.New("no signature is genuine")
}

// docs:end

func main() {
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	e, err := verify(os.Args[1], body, os.Getenv("WEBHOOK_SECRET"), time.Now())
	if err != nil {
		fmt.Println("invalid")
		os.Exit(1)
	}
	fmt.Println(e.ID)
}
