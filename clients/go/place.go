package hotseat

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"

	"hotseat/hotseatv1"
)

// place is what a stream needs to go on elsewhere: what was read last, and what was not answered.
type place struct {
	last       uint64                                   // the sequence read last; 0: none, or none that is still kept
	unanswered []*hotseatv1.UserInput                   // in order
	decided    map[string]*hotseatv1.PermissionDecision // of the running turn
	resaid     map[string]bool                          // decisions said twice: the server may refuse the second one
	torn       map[string]bool                          // request ids of inputs some of whose events are lost
}

func newPlace() place {
	return place{
		decided: map[string]*hotseatv1.PermissionDecision{},
		resaid:  map[string]bool{},
		torn:    map[string]bool{},
	}
}

func (p *place) said(input *hotseatv1.UserInput) {
	if input.GetDelivery() != hotseatv1.UserInput_DELIVERY_STEER {
		p.unanswered = append(p.unanswered, input)
	}
}

// keep remembers what must not get lost, and says whether this is such.
func (p *place) keep(request *hotseatv1.ConverseRequest) bool {
	switch said := request.GetMessage().(type) {
	case *hotseatv1.ConverseRequest_UserInput:
		p.said(said.UserInput)
		return said.UserInput.GetDelivery() != hotseatv1.UserInput_DELIVERY_STEER
	case *hotseatv1.ConverseRequest_PermissionDecision:
		p.decided[said.PermissionDecision.GetPermissionId()] = said.PermissionDecision
		return true
	default:
		return false
	}
}

// note takes notice of a message, and says whether it is of interest to who reads.
func (p *place) note(message *hotseatv1.ConverseResponse) bool {
	if message.GetSequence() != 0 {
		p.last = message.GetSequence()
	}
	switch event := message.GetEvent().(type) {
	case *hotseatv1.ConverseResponse_TurnCompleted:
		p.answered(event.TurnCompleted.GetRequestId())
		clear(p.decided)
		clear(p.resaid)
	case *hotseatv1.ConverseResponse_RequestsCancelled:
		for _, id := range event.RequestsCancelled.GetPermissionIds() {
			delete(p.decided, id)
		}
	case *hotseatv1.ConverseResponse_InputRejected:
		id := event.InputRejected.GetId()
		p.answered(id)
		return !p.resaid[id]
	}
	return true
}

func (p *place) answered(requestID string) {
	p.unanswered = slices.DeleteFunc(p.unanswered, func(input *hotseatv1.UserInput) bool {
		return input.GetRequestId() == requestID
	})
}

// reopening is what to open the next call with.
func (p *place) reopening(opening *hotseatv1.OpenConversation, ready *hotseatv1.Ready) *hotseatv1.OpenConversation {
	next := shallow(opening)
	next.FirstInput = nil
	if len(p.unanswered) > 0 {
		next.FirstInput = p.unanswered[0]
	}
	if next.AfterRequestId != "" && p.last != 0 {
		// The stream has gone on from there: what matters from now on is where it stands.
		next.AfterRequestId, next.AfterLabel, next.History = "", "", nil
	}
	if next.ConversationId == "" && next.AfterRequestId == "" {
		next.ConversationId = ready.GetConversation().GetConversationId()
	}
	next.FindRequest = next.ConversationId == "" && next.FirstInput != nil
	switch {
	case p.last != 0:
		next.StartSequence, next.LogId = p.last+1, ready.GetLogId()
	case next.FirstInput == nil && len(p.torn) == 0 && next.ConversationId != "":
		// Nothing was read yet: from where it was to begin.
		if next.StartSequence == 0 {
			next.StartSequence = ready.GetNextSequence()
		}
		next.LogId = ready.GetLogId()
	}
	return next
}

// again is what to say on a call that was opened with this first input.
func (p *place) again(first string) []*hotseatv1.ConverseRequest {
	var again []*hotseatv1.ConverseRequest
	for _, input := range p.unanswered {
		if input.GetRequestId() != first {
			again = append(again, &hotseatv1.ConverseRequest{Message: &hotseatv1.ConverseRequest_UserInput{UserInput: input}})
		}
	}
	for id, decision := range p.decided {
		p.resaid[id] = true
		again = append(again, &hotseatv1.ConverseRequest{
			Message: &hotseatv1.ConverseRequest_PermissionDecision{PermissionDecision: decision},
		})
	}
	return again
}

// forget says whether there was a place: the log is gone, and what was not answered is told by its end alone, lest
// something be told twice.
func (p *place) forget() bool {
	had := p.last != 0
	p.last = 0
	for _, input := range p.unanswered {
		p.torn[input.GetRequestId()] = true
	}
	return had
}

// shallow is a copy that shares what the opening holds: histories may be long.
func shallow(opening *hotseatv1.OpenConversation) *hotseatv1.OpenConversation {
	copied := &hotseatv1.OpenConversation{}
	opening.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		copied.ProtoReflect().Set(field, value)
		return true
	})
	return copied
}
