package hotseat

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"hotseat/hotseatv1"
)

// OnPermission decides on a permission request: Allow() or Deny("why"). An error refuses, and ends the reading of the
// turn. It runs beside the reading, in a goroutine of its own; ctx is done when the talk is closed.
type OnPermission func(ctx context.Context, request *hotseatv1.PermissionRequest) (*hotseatv1.PermissionDecision, error)

// Allow lets a tool run. Input and rules may be set in the returned decision.
func Allow() *hotseatv1.PermissionDecision {
	return &hotseatv1.PermissionDecision{Decision: &hotseatv1.PermissionDecision_Allow{Allow: &hotseatv1.PermissionAllow{}}}
}

// Deny refuses; the model reads the message.
func Deny(message string) *hotseatv1.PermissionDecision {
	deny := &hotseatv1.PermissionDeny{Message: message}
	return &hotseatv1.PermissionDecision{Decision: &hotseatv1.PermissionDecision_Deny{Deny: deny}}
}

// Talk is an open conversation; made by Client.Converse.
//
// Inputs, interrupts and decisions may be sent from any goroutine at any time; events are read by one at a time.
type Talk struct {
	line         *line
	tools        toolbox
	onPermission OnPermission
	deciding     sync.WaitGroup
	failures     chan error // of onPermission; one is enough
	reading      atomic.Bool
}

func newTalk(line *line, options *talkOptions) *Talk {
	return &Talk{
		line:         line,
		tools:        newToolbox(options.tools),
		onPermission: options.onPermission,
		failures:     make(chan error, 1),
	}
}

// Ready is the conversation's state when the stream was opened, the latest time.
func (t *Talk) Ready() *hotseatv1.Ready { return t.line.state() }

// ConversationID names the conversation, also where the server made the id.
func (t *Talk) ConversationID() string { return t.Ready().GetConversation().GetConversationId() }

// Ask says something when it is ranged over, and yields its turn's events, turn_completed last. Where the model calls
// tools that this talk runs, the turns that go on with their results follow.
//
// A turn that fails is no error: its turn_completed says so. An error, the last thing that is yielded, means that the
// input was rejected or the stream has ended. To steer a running turn use Say: it has no turn of its own.
func (t *Talk) Ask(ctx context.Context, input *hotseatv1.UserInput) iter.Seq2[*hotseatv1.ConverseResponse, error] {
	return func(yield func(*hotseatv1.ConverseResponse, error) bool) {
		for said := identified(input); said != nil; {
			if err := t.Say(said); err != nil {
				yield(nil, err)
				return
			}
			var done *hotseatv1.TurnCompleted
			for event, err := range t.Turn(ctx, said.GetRequestId()) {
				if !yield(event, err) || err != nil {
					return
				}
				done = event.GetTurnCompleted()
			}
			said = t.goOn(ctx, said, done)
		}
	}
}

// goOn is the input with the results of the turn's calls; nil: there are none, or not all are this talk's to run.
func (t *Talk) goOn(
	ctx context.Context, said *hotseatv1.UserInput, done *hotseatv1.TurnCompleted,
) *hotseatv1.UserInput {
	if !t.tools.canRun(done.GetToolCalls()) {
		return nil
	}
	next := Results(t.tools.results(ctx, done.GetToolCalls())...)
	if said.GetOptions() != nil {
		next.Options = proto.CloneOf(said.GetOptions())
		// A call that was forced once is not forced for ever.
		switch next.GetOptions().GetToolChoice().GetMode() {
		case hotseatv1.ToolChoice_MODE_REQUIRED, hotseatv1.ToolChoice_MODE_TOOL:
			next.Options.ToolChoice = nil
		}
	}
	return next
}

// Answer says something and returns the whole answer's text. A turn that fails is an *Error.
func (t *Talk) Answer(ctx context.Context, input *hotseatv1.UserInput) (string, error) {
	text := ""
	for event, err := range t.Ask(ctx, input) {
		if err != nil {
			return "", err
		}
		if done := event.GetTurnCompleted(); done != nil {
			if failed := ErrorOf(done.GetError()); failed != nil {
				return "", failed
			}
			text = done.GetText()
		}
	}
	return text, nil
}

// Say sends an input without reading its turn; Turn with its request id reads it.
func (t *Talk) Say(input *hotseatv1.UserInput) error {
	return t.Send(&hotseatv1.ConverseRequest{Message: &hotseatv1.ConverseRequest_UserInput{UserInput: input}})
}

// Turn yields the events of the turn that this input began, turn_completed last, and skips all others. Where it has to
// wait for a process, input_queued events with its place in the queue come first.
//
// An input that was said before its time, and has its answer, yields that turn_completed alone.
func (t *Talk) Turn(ctx context.Context, requestID string) iter.Seq2[*hotseatv1.ConverseResponse, error] {
	return func(yield func(*hotseatv1.ConverseResponse, error) bool) {
		turn := uint32(0)
		for event, err := range t.Events(ctx) {
			if err == nil {
				err = refusal(event, requestID, turn != 0)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if event.GetTurnStarted() != nil && event.GetTurnStarted().GetRequestId() == requestID {
				turn = event.GetTurn()
			}
			isLast := event.GetTurnCompleted() != nil && event.GetTurnCompleted().GetRequestId() == requestID
			isPlace := event.GetInputQueued() != nil && event.GetInputQueued().GetRequestId() == requestID
			isOurs := turn != 0 && event.GetTurn() == turn && !t.line.isTorn(requestID)
			if (isLast || isPlace || isOurs) && !yield(event, nil) || isLast {
				return
			}
		}
		yield(nil, &Error{Code: codes.Unavailable, Message: "the server ended the stream before the turn ended"})
	}
}

// Events yields every event until the server ends the stream; for observers and for replay.
func (t *Talk) Events(ctx context.Context) iter.Seq2[*hotseatv1.ConverseResponse, error] {
	return func(yield func(*hotseatv1.ConverseResponse, error) bool) {
		for {
			event, err := t.read(ctx)
			if err == nil && event == nil || !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// Interrupt stops the running turn, or only the one of this input; it still ends with turn_completed.
func (t *Talk) Interrupt(requestID string) error {
	interrupt := &hotseatv1.Interrupt{RequestId: requestID}
	return t.Send(&hotseatv1.ConverseRequest{Message: &hotseatv1.ConverseRequest_Interrupt{Interrupt: interrupt}})
}

// Decide answers a permission request: Allow() or Deny("why").
func (t *Talk) Decide(permissionID string, decision *hotseatv1.PermissionDecision) error {
	answer := &hotseatv1.PermissionDecision{PermissionId: permissionID, Decision: decision.GetDecision()}
	return t.Send(&hotseatv1.ConverseRequest{
		Message: &hotseatv1.ConverseRequest_PermissionDecision{PermissionDecision: answer},
	})
}

// Send sends any message.
func (t *Talk) Send(request *hotseatv1.ConverseRequest) error { return t.line.write(request) }

// DoneWriting says that no more input comes: the server ends the stream after the running turns.
func (t *Talk) DoneWriting() error { return t.line.current().halfClose() }

// Close ends the stream, and waits for what OnPermission still decides on.
func (t *Talk) Close() {
	t.line.close(t.reading.CompareAndSwap(false, true))
	t.deciding.Wait()
}

func (t *Talk) read(ctx context.Context) (*hotseatv1.ConverseResponse, error) {
	if !t.reading.CompareAndSwap(false, true) {
		return nil, errors.New("somebody else reads this talk, or it is closed; read one turn at a time")
	}
	defer t.reading.Store(false)
	event, err := t.line.read(ctx)
	select {
	case failure := <-t.failures:
		return nil, failure
	default:
	}
	if request := event.GetPermissionRequest(); request != nil && t.onPermission != nil {
		t.deciding.Go(func() { t.askAbout(request) })
	}
	return event, err
}

func (t *Talk) askAbout(request *hotseatv1.PermissionRequest) {
	decision, err := t.onPermission(t.line.ctx, request)
	if err == nil && decision == nil {
		err = errors.New("the permission callback decided nothing")
	}
	if err != nil {
		decision = Deny("nobody could be asked")
		t.fail(err)
	}
	if err := t.Decide(request.GetPermissionId(), decision); err != nil && t.line.ctx.Err() == nil {
		t.fail(err)
	}
}

func (t *Talk) fail(err error) {
	select {
	case t.failures <- err:
	default:
	}
}

// refusal is why the turn of this input will not go on, if this event says so.
func refusal(event *hotseatv1.ConverseResponse, requestID string, isRunning bool) error {
	if rejected := event.GetInputRejected(); rejected != nil && rejected.GetId() == requestID {
		return ErrorOf(rejected.GetError())
	}
	notice := event.GetGoAway()
	switch reason := notice.GetReason(); {
	case notice == nil, isRunning && reason == hotseatv1.GoAway_REASON_DRAINING:
		return nil // a server that drains lets the running turn end first
	case reason == hotseatv1.GoAway_REASON_TAKEN_OVER:
		return because(ConversationOwned, "another client took the conversation over")
	case reason == hotseatv1.GoAway_REASON_EVICTED:
		return because(ConversationOwned, "the conversation was evicted or deleted; open it again")
	default:
		return because(PoolDraining, "the server is draining; try again, or on another instance")
	}
}
