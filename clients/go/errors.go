package hotseat

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hotseat/hotseatv1"
)

// Error is a call, an input or a turn that failed.
type Error struct {
	// Code is gRPC's.
	Code codes.Code
	// Reason is empty where the server gave none: it could not be reached, say.
	Reason Reason
	// Message says what happened and what to do, for people.
	Message string
	// Metadata has the dynamic parts of the message.
	Metadata map[string]string

	retryDelay *time.Duration
}

// Error says what happened.
func (e *Error) Error() string {
	if e.Reason == "" {
		return e.Code.String() + ": " + e.Message
	}
	return string(e.Reason) + ": " + e.Message
}

// RetryDelay is how long to wait at least before trying again; false: trying again can't help.
func (e *Error) RetryDelay() (time.Duration, bool) {
	if e.retryDelay == nil {
		return 0, false
	}
	return *e.retryDelay, true
}

// GRPCStatus makes status.Code and status.FromError understand it.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.Code, e.Message) }

// ReasonOf is the reason of an Error, however wrapped; empty for anything else.
func ReasonOf(err error) Reason {
	var failed *Error
	if errors.As(err, &failed) {
		return failed.Reason
	}
	return ""
}

// ErrorOf is the failure inside an event, of a failed turn for example; nil where there is none.
func ErrorOf(failed *hotseatv1.Error) error {
	if failed == nil {
		return nil
	}
	// A number without a name comes from a newer server: its message and metadata still count.
	reason := Reason(strings.TrimPrefix(hotseatv1.ErrorReason_name[int32(failed.GetReason())], "ERROR_REASON_"))
	code, known := reasonCodes[reason]
	if !known {
		code, reason = codes.Unknown, ""
	}
	made := &Error{Code: code, Reason: reason, Message: failed.GetMessage(), Metadata: failed.GetMetadata()}
	if failed.GetRetryDelay() != nil {
		delay := failed.GetRetryDelay().AsDuration()
		made.retryDelay = &delay
	}
	return made
}

// typed makes an Error of what gRPC returns. The end of a stream and the caller's own context stay what they are.
func typed(ctx context.Context, err error) error {
	var already *Error
	switch {
	case err == nil, err == io.EOF, errors.As(err, &already):
		return err
	case ctx.Err() != nil && isOfContext(err):
		return ctx.Err()
	}
	failed, _ := status.FromError(err)
	made := &Error{Code: failed.Code(), Message: failed.Message()}
	for _, detail := range failed.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			made.Reason, made.Metadata = Reason(detail.GetReason()), detail.GetMetadata()
		case *errdetails.RetryInfo:
			delay := detail.GetRetryDelay().AsDuration()
			made.retryDelay = &delay
		}
	}
	return made
}

func isOfContext(err error) bool {
	code := status.Code(err)
	return code == codes.Canceled || code == codes.DeadlineExceeded
}

func because(reason Reason, message string) *Error {
	return &Error{Code: reasonCodes[reason], Reason: reason, Message: message}
}
