// Command interop carries the interop scenarios out: tests/interop/README.md has their format.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"hotseat"
	"hotseat/hotseatv1"
)

// asides may come at any time.
var asides = []string{"usage", "heartbeat", "notice", "input_queued"}

type scenario struct {
	Name     string          `json:"name"`
	Opening  json.RawMessage `json:"opening"`
	First    string          `json:"first"`
	ResumeMS int             `json:"resumeMs"`
	Tools    map[string]struct {
		Answer string `json:"answer"`
		Fails  string `json:"fails"`
	} `json:"tools"`
	Permission string `json:"permission"`
	Steps      []step `json:"steps"`
}

type step struct {
	Do      string          `json:"do"`
	Say     string          `json:"say"`
	Opening json.RawMessage `json:"opening"`
	Options json.RawMessage `json:"options"`
	When    []struct {
		Deltas int    `json:"deltas"`
		Do     string `json:"do"`
	} `json:"when"`
	MaxQueue uint32       `json:"maxQueue"`
	Expect   expectation  `json:"expect"`
	Error    *wantedError `json:"error"`
}

type expectation struct {
	Outcome     *string      `json:"outcome"`
	Kinds       []string     `json:"kinds"`
	Text        *string      `json:"text"`
	Contains    []string     `json:"contains"`
	Streamed    bool         `json:"streamed"`
	Calls       []toolCall   `json:"calls"`
	Asked       []string     `json:"asked"`
	ToolErrors  []bool       `json:"toolErrors"`
	ToolOutputs []string     `json:"toolOutputs"`
	Error       *wantedError `json:"error"`
	Turns       int          `json:"turns"`
	MaxWorkers  uint32       `json:"maxWorkers"`
}

type toolCall struct {
	Name  string         `json:"name"`
	Input map[string]any `json:"input"`
}

type wantedError struct {
	Message  string            `json:"message"`
	Broken   bool              `json:"broken"`
	Code     string            `json:"code"`
	Reason   string            `json:"reason"`
	Retry    *bool             `json:"retry"`
	Metadata map[string]string `json:"metadata"`
}

// failed is an expectation that was not met.
type failed struct{ message string }

func (f *failed) Error() string { return f.message }

func must(found, wanted any, what string) error {
	if reflect.DeepEqual(found, wanted) {
		return nil
	}
	return &failed{fmt.Sprintf("%s: wanted %v, got %v", what, wanted, found)}
}

// seen is what one step has come across.
type seen struct {
	events []*hotseatv1.ConverseResponse
	calls  []toolCall
	asked  []string
	deltas int
}

// check says where what was read is not what is expected.
func (s *seen) check(expect expectation) error {
	var sequences []uint64
	var done *hotseatv1.TurnCompleted
	text, outputs, failures := "", []string{}, []bool{}
	for _, event := range s.events {
		if event.GetSequence() != 0 {
			sequences = append(sequences, event.GetSequence())
		}
		if event.GetTurnCompleted() != nil {
			done = event.GetTurnCompleted()
		}
		text += event.GetTextDelta().GetText()
		if tool := event.GetToolCompleted(); tool != nil {
			failures = append(failures, tool.GetIsError())
			output := ""
			for _, block := range tool.GetContent() {
				output += block.GetText()
			}
			outputs = append(outputs, strings.TrimSpace(output))
		}
	}
	if done == nil {
		return &failed{"no turn has ended"}
	}
	var wrong []error
	for place, sequence := range sequences {
		wrong = append(wrong, must(sequence, sequences[0]+uint64(place), "dense sequences"))
	}
	if expect.Outcome != nil {
		wrong = append(wrong, must(strings.TrimPrefix(done.GetOutcome().String(), "OUTCOME_"), *expect.Outcome, "outcome"))
	}
	if expect.Text != nil {
		wrong = append(wrong, must(done.GetText(), *expect.Text, "text"))
	}
	if expect.Streamed {
		wrong = append(wrong, must(s.deltas > 0 && text == done.GetText(), true, "streamed"))
	}
	for _, part := range expect.Contains {
		wrong = append(wrong, must(strings.Contains(done.GetText(), part), true, fmt.Sprintf("%q is in %q", part, done.GetText())))
	}
	wrong = append(wrong, list(kinds(s.events), expect.Kinds, "kinds"), list(s.calls, expect.Calls, "calls"),
		list(s.asked, expect.Asked, "asked"), list(failures, expect.ToolErrors, "toolErrors"),
		list(outputs, expect.ToolOutputs, "toolOutputs"))
	if expect.Error != nil {
		wrong = append(wrong, expect.Error.check(hotseat.ErrorOf(done.GetError())))
	}
	return errors.Join(wrong...)
}

// list compares where a list is expected, be it an empty one.
func list[T any](found, wanted []T, what string) error {
	if wanted == nil || len(found) == 0 && len(wanted) == 0 {
		return nil
	}
	return must(found, wanted, what)
}

// check says where the error is not what is wanted.
func (w *wantedError) check(err error) error {
	var is *hotseat.Error
	switch {
	case w.Message != "":
		return must(fmt.Sprint(err), w.Message, "message")
	case !errors.As(err, &is):
		return &failed{fmt.Sprintf("not an *Error: %v", err)}
	case w.Broken:
		return must(is.Reason, hotseat.Reason(""), "reason of "+err.Error())
	}
	var wrong []error
	if w.Code != "" {
		code := regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(is.Code.String(), "${1}_$2")
		wrong = append(wrong, must(strings.ToUpper(code), w.Code, "code"))
	}
	if w.Reason != "" {
		wrong = append(wrong, must(string(is.Reason), w.Reason, "reason"))
	}
	if w.Retry != nil {
		_, retry := is.RetryDelay()
		wrong = append(wrong, must(retry, *w.Retry, "retry"))
	}
	for key, value := range w.Metadata {
		wrong = append(wrong, must(is.Metadata[key], value, "metadata "+key))
	}
	return errors.Join(wrong...)
}

func kinds(events []*hotseatv1.ConverseResponse) []string {
	var all []string
	for _, event := range events {
		message := event.ProtoReflect()
		message.Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if field.ContainingOneof() != nil && !slices.Contains(asides, string(field.Name())) {
				all = append(all, string(field.Name()))
			}
			return true
		})
	}
	return slices.Compact(all)
}

// cut has every connection broken.
func cut() error {
	control, err := net.Dial("tcp", os.Getenv("HOTSEAT_INTEROP_CUT"))
	if err != nil {
		return err
	}
	defer control.Close()
	_, err = io.Copy(io.Discard, control)
	return err
}
