package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log"
	"os"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	"hotseat"
	"hotseat/hotseatv1"
)

const (
	patience     = 20 * time.Second
	scenarioTime = 60 * time.Second
)

func main() {
	if err := runAll(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func runAll(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var scenarios []scenario
	if err := json.Unmarshal(data, &scenarios); err != nil {
		return err
	}
	client, err := connected("")
	if err != nil {
		return err
	}
	defer client.Close()
	for _, scenario := range scenarios {
		var said *string
		if err := (&run{client: client, scenario: scenario}).run(); err != nil {
			text := err.Error()
			said = &text
		}
		if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"name": scenario.Name, "error": said}); err != nil {
			return err
		}
	}
	return nil
}

// run is one scenario.
type run struct {
	client   *hotseat.Client
	scenario scenario
	first    *hotseatv1.UserInput

	mu   sync.Mutex // tools and decisions are asked for beside the reading
	seen seen
}

func (r *run) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), scenarioTime)
	defer cancel()
	var talk *hotseat.Talk
	if r.scenario.Opening != nil {
		opened, err := r.open(ctx)
		if err != nil {
			return err
		}
		talk = opened
		defer talk.Close()
	}
	for _, step := range r.scenario.Steps {
		if err := r.guarded(ctx, talk, step); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) open(ctx context.Context) (*hotseat.Talk, error) {
	opening := &hotseatv1.OpenConversation{}
	if err := protojson.Unmarshal(r.scenario.Opening, opening); err != nil {
		return nil, err
	}
	options := []hotseat.TalkOption{hotseat.WithTools(r.tools()...)}
	if r.scenario.ResumeMS > 0 {
		options = append(options, hotseat.WithResume(time.Duration(r.scenario.ResumeMS)*time.Millisecond))
	}
	if r.scenario.First != "" {
		r.first = hotseat.Text(r.scenario.First)
		options = append(options, hotseat.WithFirst(r.first))
	}
	if r.scenario.Permission != "" {
		options = append(options, hotseat.WithPermission(r.decide))
	}
	return r.client.Converse(ctx, opening, options...)
}

// guarded carries the step out, and sees that it fails where it must.
func (r *run) guarded(ctx context.Context, talk *hotseat.Talk, step step) error {
	r.mu.Lock()
	r.seen = seen{}
	r.mu.Unlock()
	err := r.step(ctx, talk, step)
	var unmet *failed
	switch {
	case step.Error == nil, errors.As(err, &unmet):
		return err
	case err == nil:
		return &failed{step.Do + " did not fail"}
	default:
		return step.Error.check(err)
	}
}

func (r *run) step(ctx context.Context, talk *hotseat.Talk, step step) error {
	switch step.Do {
	case "open":
		opening := &hotseatv1.OpenConversation{}
		if err := protojson.Unmarshal(step.Opening, opening); err != nil {
			return err
		}
		opened, err := r.client.Converse(ctx, opening)
		if err == nil {
			opened.Close()
		}
		return err
	case "get-missing":
		request := &hotseatv1.GetConversationRequest{ConversationId: "there-is-none"}
		_, err := r.client.Conversations.GetConversation(ctx, request)
		return err
	case "stranger":
		return beStranger(ctx)
	case "uncertified", "misled":
		return beKnown(ctx, step.Do)
	case "cut":
		return cut()
	}
	if talk == nil {
		return &failed{"a step that needs a conversation: " + step.Do}
	}
	return r.talking(ctx, talk, step)
}

// beStranger lists the workers without a key.
func beStranger(ctx context.Context) error {
	stranger, err := hotseat.NewClient(os.Getenv("HOTSEAT_CORE_TARGET"))
	if err != nil {
		return err
	}
	defer stranger.Close()
	_, err = stranger.Pool.ListWorkers(ctx, &hotseatv1.ListWorkersRequest{})
	return err
}

func (r *run) talking(ctx context.Context, talk *hotseat.Talk, step step) error {
	switch step.Do {
	case "ask":
		input := hotseat.Text(step.Say)
		if step.Options != nil {
			input.Options = &hotseatv1.TurnOptions{}
			if err := protojson.Unmarshal(step.Options, input.Options); err != nil {
				return err
			}
		}
		return r.checked(step.Expect, r.read(talk, talk.Ask(ctx, input), step))
	case "first":
		return r.checked(step.Expect, r.read(talk, talk.Turn(ctx, r.first.GetRequestId()), step))
	case "replay":
		return r.checked(step.Expect, r.replay(ctx, talk.ConversationID(), step.Expect.Turns))
	case "get":
		request := &hotseatv1.GetConversationRequest{ConversationId: talk.ConversationID()}
		got, err := r.client.Conversations.GetConversation(ctx, request)
		if err != nil {
			return err
		}
		return must(int(got.GetConversation().GetTurnCount()), step.Expect.Turns, "turns")
	case "watch":
		return r.watch(ctx, talk, step)
	default:
		return r.steer(ctx, talk.ConversationID(), step)
	}
}

func (r *run) checked(expect expectation, err error) error {
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen.check(expect)
}

func (r *run) read(talk *hotseat.Talk, turn iter.Seq2[*hotseatv1.ConverseResponse, error], step step) error {
	for event, err := range turn {
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.seen.events = append(r.seen.events, event)
		r.mu.Unlock()
		if event.GetTextDelta() == nil {
			continue
		}
		r.seen.deltas++
		for _, doing := range step.When {
			if doing.Deltas != r.seen.deltas {
				continue
			}
			act := cut
			if doing.Do == "interrupt" {
				act = func() error { return talk.Interrupt("") }
			}
			if err := act(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) replay(ctx context.Context, conversation string, turns int) error {
	observing, err := r.client.Converse(ctx, &hotseatv1.OpenConversation{
		ConversationId: conversation,
		Disposition:    hotseatv1.OpenConversation_DISPOSITION_OBSERVE,
		StartSequence:  1,
	}, hotseat.WithResume(patience))
	if err != nil {
		return err
	}
	defer observing.Close()
	for event, err := range observing.Events(ctx) {
		if err != nil {
			return err
		}
		r.seen.events = append(r.seen.events, event)
		if event.GetTextDelta() != nil {
			r.seen.deltas++
		}
		if event.GetTurnCompleted() != nil {
			if turns--; turns == 0 {
				break
			}
		}
	}
	return nil
}

func (r *run) watch(ctx context.Context, talk *hotseat.Talk, step step) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	request := &hotseatv1.WatchPoolRequest{MinInterval: durationpb.New(50 * time.Millisecond)}
	watching, err := r.client.Pool.WatchPool(ctx, request)
	if err != nil {
		return err
	}
	first, err := watching.Recv()
	if err != nil {
		return err
	}
	if err := must(first.GetPool().GetSize().GetMaxWorkers(), step.Expect.MaxWorkers, "max_workers"); err != nil {
		return err
	}
	if err := r.read(talk, talk.Ask(ctx, hotseat.Text(step.Say)), step); err != nil {
		return err
	}
	for holds := false; !holds; {
		update, err := watching.Recv()
		if err != nil {
			return err
		}
		holds = held(update.GetWorkers(), talk.ConversationID())
	}
	listed, err := r.client.Pool.ListWorkers(ctx, &hotseatv1.ListWorkersRequest{})
	if err != nil {
		return err
	}
	return must(held(listed.GetWorkers(), talk.ConversationID()), true, "the worker is listed")
}

func held(workers []*hotseatv1.Worker, conversation string) bool {
	for _, worker := range workers {
		if worker.GetConversationId() == conversation {
			return true
		}
	}
	return false
}

func (r *run) steer(ctx context.Context, conversation string, step step) error {
	pool, conversations := r.client.Pool, r.client.Conversations
	switch step.Do {
	case "evict":
		evicted, err := pool.EvictConversation(ctx, &hotseatv1.EvictConversationRequest{ConversationId: conversation})
		return errors.Join(err, must(evicted.GetWorkerId() != "", true, "a worker held it"))
	case "drain":
		drained, err := pool.DrainPool(ctx, &hotseatv1.DrainPoolRequest{})
		state := drained.GetPool().GetState()
		drains := state == hotseatv1.Pool_STATE_DRAINING || state == hotseatv1.Pool_STATE_DRAINED
		return errors.Join(err, must(drains, true, "it drains"))
	case "resume":
		resumed, err := pool.ResumePool(ctx, &hotseatv1.ResumePoolRequest{})
		return errors.Join(err, must(resumed.GetPool().GetState(), hotseatv1.Pool_STATE_ACTIVE, "state"))
	case "resize":
		resized, err := pool.ResizePool(ctx, &hotseatv1.ResizePoolRequest{MaxQueue: &step.MaxQueue})
		return errors.Join(err, must(resized.GetPool().GetSize().GetMaxQueue(), step.MaxQueue, "max_queue"))
	case "delete":
		request := &hotseatv1.DeleteConversationRequest{ConversationId: conversation}
		if _, err := conversations.DeleteConversation(ctx, request); err != nil {
			return err
		}
		_, err := conversations.GetConversation(ctx, &hotseatv1.GetConversationRequest{ConversationId: conversation})
		return must(hotseat.ReasonOf(err), hotseat.ConversationNotFound, "reason")
	default:
		return &failed{"an unknown step: " + step.Do}
	}
}

func (r *run) tools() []hotseat.Tool {
	var tools []hotseat.Tool
	for name, what := range r.scenario.Tools {
		use := func(_ context.Context, input map[string]any) (string, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.seen.calls = append(r.seen.calls, toolCall{name, input})
			if what.Fails != "" {
				return "", errors.New(what.Fails)
			}
			return what.Answer, nil
		}
		schema := map[string]any{"type": "object"}
		tools = append(tools, hotseat.TextTool(name, fmt.Sprintf("The tool %s.", name), schema, use))
	}
	return tools
}

func (r *run) decide(_ context.Context, request *hotseatv1.PermissionRequest) (*hotseatv1.PermissionDecision, error) {
	r.mu.Lock()
	r.seen.asked = append(r.seen.asked, request.GetToolName())
	r.mu.Unlock()
	switch r.scenario.Permission {
	case "fail":
		return nil, errors.New("the callback broke")
	case "nothing":
		return nil, nil
	case "deny":
		return hotseat.Deny("no"), nil
	case "cut-then-allow":
		return hotseat.Allow(), cut()
	default:
		return hotseat.Allow(), nil
	}
}
