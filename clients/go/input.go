package hotseat

import (
	"crypto/rand"
	"fmt"

	"google.golang.org/protobuf/proto"

	"hotseat/hotseatv1"
)

// Text is an input that says this. Its other fields may be set before it is asked.
func Text(text string) *hotseatv1.UserInput {
	return &hotseatv1.UserInput{RequestId: NewRequestID(), Content: blocks(text)}
}

// Results is an input that brings what came of the tools that the turn before called.
func Results(results ...*hotseatv1.ToolResult) *hotseatv1.UserInput {
	return &hotseatv1.UserInput{RequestId: NewRequestID(), ToolResults: results}
}

// NewRequestID makes a UUID: an input with one that the server has seen is not run again.
func NewRequestID() string {
	var random [16]byte
	rand.Read(random[:]) // never fails, by its contract
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", random[:4], random[4:6], random[6:8], random[8:10], random[10:])
}

// identified is the input with a request id.
func identified(input *hotseatv1.UserInput) *hotseatv1.UserInput {
	if input.GetRequestId() != "" {
		return input
	}
	named := &hotseatv1.UserInput{}
	if input != nil {
		named = proto.CloneOf(input)
	}
	named.RequestId = NewRequestID()
	return named
}
