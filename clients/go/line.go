package hotseat

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"hotseat/hotseatv1"
)

const (
	farewell     = 250 * time.Millisecond
	firstPause   = 50 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

var (
	errOver   = &Error{Code: codes.Unavailable, Message: "the stream has ended"}
	errClosed = &Error{Code: codes.Canceled, Message: "this talk is closed; open another"}
)

// What gRPC says of a broken connection, by who noticed it first. Our servers' own statuses have a reason.
var broken = []codes.Code{codes.Unavailable, codes.Canceled, codes.Internal, codes.Unknown}

// line is one Converse stream, message by message, which outlives its connection where it may: the stream goes on with
// the event after the last one that was read, and inputs that were not answered are said again, which the server knows
// by their request_id. One goroutine reads at a time, any may write.
type line struct {
	ctx       context.Context // of the whole stream, over all its calls
	cancelAll context.CancelFunc
	openCall  openStream
	patience  time.Duration
	opening   *hotseatv1.OpenConversation // kept as it was said: histories may be long

	mu    sync.Mutex // guards what follows
	call  *call      // nil until the first one is open
	ready *hotseatv1.Ready
	place place
}

func newLine(ctx context.Context, open openStream, patience time.Duration) *line {
	ctx, cancel := context.WithCancel(ctx)
	return &line{ctx: ctx, cancelAll: cancel, openCall: open, patience: patience, place: newPlace()}
}

// open opens the conversation and learns its state.
func (l *line) open(ctx context.Context, opening *hotseatv1.OpenConversation) error {
	l.opening = opening
	if patience := opening.GetDetachTimeout(); patience != nil && patience.AsDuration() < l.patience {
		opening.DetachTimeout = durationpb.New(l.patience)
	}
	if first := opening.GetFirstInput(); first != nil {
		l.place.said(first)
	}
	err := l.begin(ctx, opening)
	if err != nil && l.mayResume(err) {
		err = l.resume(ctx, 0) // once: a server that is away is no broken connection
	}
	return err
}

// read returns the next message; nil: the server has ended the stream.
func (l *line) read(ctx context.Context) (*hotseatv1.ConverseResponse, error) {
	for {
		message, err := l.current().receive(ctx)
		switch {
		case err == nil && (message == nil || l.note(message)):
			return message, nil
		case err == nil:
			continue
		case l.ctx.Err() != nil:
			return nil, errClosed
		case !l.mayResume(err):
			return nil, err
		}
		if err := l.resume(ctx, l.patience); err != nil {
			return nil, err
		}
	}
}

// write sends a message. What a broken connection swallows of inputs and decisions is said again on the next one.
func (l *line) write(request *hotseatv1.ConverseRequest) error {
	if l.ctx.Err() != nil {
		return errClosed
	}
	l.mu.Lock()
	kept := l.place.keep(request)
	call := l.call
	l.mu.Unlock()
	err := call.send(request)
	if err != nil && kept && l.mayResume(err) {
		return nil // who reads makes the connection again, and says this again
	}
	return err
}

// close ends the stream: in peace where nothing is left to read, else the server hears that nobody will come back.
func (l *line) close(mayRead bool) {
	defer l.cancelAll()
	call := l.current()
	if call == nil || !mayRead {
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, farewell)
	defer cancel()
	var err error
	switch {
	case l.isAnswered():
		err = call.halfClose()
	case l.patience > 0:
		err = call.send(&hotseatv1.ConverseRequest{Message: &hotseatv1.ConverseRequest_Leave{Leave: &hotseatv1.Leave{}}})
	default:
		return
	}
	for message := (*hotseatv1.ConverseResponse)(nil); err == nil; {
		if message, err = call.receive(ctx); message == nil {
			return
		}
	}
}

func (l *line) cancel() { l.cancelAll() }

func (l *line) current() *call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.call
}

func (l *line) isAnswered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.place.unanswered) == 0
}

func (l *line) state() *hotseatv1.Ready {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ready
}

func (l *line) isTorn(requestID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.place.torn[requestID]
}

func (l *line) note(message *hotseatv1.ConverseResponse) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.place.note(message)
}

// begin makes a call, opens the conversation on it, and says there what is not answered.
func (l *line) begin(ctx context.Context, opening *hotseatv1.OpenConversation) error {
	call, err := newCall(l.ctx, l.openCall)
	if err != nil {
		return err
	}
	ready, err := greet(ctx, call, opening)
	if err == nil {
		err = call.sendAll(func() []*hotseatv1.ConverseRequest { return l.switchTo(call, ready, opening) })
	}
	if err != nil {
		call.cancel()
	}
	return err
}

// switchTo makes everybody write to this call, and returns what they said to the one before in vain.
func (l *line) switchTo(
	call *call, ready *hotseatv1.Ready, opening *hotseatv1.OpenConversation,
) []*hotseatv1.ConverseRequest {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.call, l.ready = call, ready
	return l.place.again(opening.GetFirstInput().GetRequestId())
}

func greet(ctx context.Context, call *call, opening *hotseatv1.OpenConversation) (*hotseatv1.Ready, error) {
	// What went wrong with a send, the answer says.
	sent := call.send(&hotseatv1.ConverseRequest{Message: &hotseatv1.ConverseRequest_Open{Open: opening}})
	answer, err := call.receive(ctx)
	switch {
	case err != nil:
		return nil, err
	case sent != nil:
		return nil, sent
	case answer.GetReady() == nil:
		return nil, &Error{Code: codes.Internal, Message: "the server did not answer open with ready"}
	}
	return answer.GetReady(), nil
}

// mayResume says whether it was the connection that failed, not the server that refused.
func (l *line) mayResume(err error) bool {
	var failed *Error
	return l.patience > 0 && l.ctx.Err() == nil && errors.As(err, &failed) &&
		failed.Reason == "" && slices.Contains(broken, failed.Code)
}

// resume goes on with a new call, or says why that can't be had in time.
func (l *line) resume(ctx context.Context, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if call := l.current(); call != nil {
			call.cancel()
		}
		err := l.begin(ctx, l.reopening())
		if err == nil {
			return nil
		}
		if reason := ReasonOf(err); reason == ReplayLost || reason == ConversationNotFound {
			if l.forgetPlace() {
				continue
			}
		}
		if !l.mayResume(err) || time.Now().Add(pause).After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *line) reopening() *hotseatv1.OpenConversation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.place.reopening(l.opening, l.ready)
}

func (l *line) forgetPlace() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.place.forget()
}
