package hotseat

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"hotseat/hotseatv1"
)

// Tool is one that this program runs when the model calls it.
type Tool struct {
	// Name is what the model calls it by.
	Name string
	// Description says what it does, for the model.
	Description string
	// InputSchema is the JSON Schema of its input, as anything that encoding/json takes; nil: any object.
	InputSchema any
	// Run returns its outcome. An error reaches the model as a failed call.
	Run func(ctx context.Context, input json.RawMessage) ([]*hotseatv1.ContentBlock, error)
}

// TextTool is a Tool that takes its input as T and answers in words.
func TextTool[T any](
	name, description string, inputSchema any, run func(ctx context.Context, input T) (string, error),
) Tool {
	return Tool{
		Name:        name,
		Description: description,
		InputSchema: inputSchema,
		Run: func(ctx context.Context, raw json.RawMessage) ([]*hotseatv1.ContentBlock, error) {
			var input T
			if err := json.Unmarshal(raw, &input); err != nil {
				return nil, fmt.Errorf("the input does not fit: %w", err)
			}
			text, err := run(ctx, input)
			return blocks(text), err
		},
	}
}

// definitions is what the model is told: the tools that are defined already, and those that are not.
func definitions(tools []Tool, defined []*hotseatv1.ToolDefinition) ([]*hotseatv1.ToolDefinition, error) {
	known := map[string]bool{}
	for _, definition := range defined {
		known[definition.GetName()] = true
	}
	for _, tool := range tools {
		if known[tool.Name] {
			continue
		}
		definition := &hotseatv1.ToolDefinition{Name: tool.Name, Description: tool.Description}
		if tool.InputSchema != nil {
			schema, err := json.Marshal(tool.InputSchema)
			if err != nil {
				return nil, fmt.Errorf("the input schema of %s is no JSON: %w", tool.Name, err)
			}
			definition.InputSchemaJson = string(schema)
		}
		defined = append(defined, definition)
	}
	return defined, nil
}

// toolbox has the tools by name.
type toolbox map[string]Tool

func newToolbox(tools []Tool) toolbox {
	box := toolbox{}
	for _, tool := range tools {
		box[tool.Name] = tool
	}
	return box
}

// canRun says whether each of these calls is somebody's here.
func (b toolbox) canRun(calls []*hotseatv1.ToolCall) bool {
	for _, call := range calls {
		if _, known := b[call.GetName()]; !known {
			return false
		}
	}
	return len(calls) > 0
}

// results runs the calls at the same time.
func (b toolbox) results(ctx context.Context, calls []*hotseatv1.ToolCall) []*hotseatv1.ToolResult {
	results := make([]*hotseatv1.ToolResult, len(calls))
	var running sync.WaitGroup
	for place, call := range calls {
		running.Go(func() { results[place] = b[call.GetName()].result(ctx, call) })
	}
	running.Wait()
	return results
}

func (t Tool) result(ctx context.Context, call *hotseatv1.ToolCall) *hotseatv1.ToolResult {
	input := call.GetInputJson()
	if input == "" {
		input = "{}"
	}
	content, err := t.Run(ctx, json.RawMessage(input))
	if err != nil {
		content = blocks(err.Error())
	}
	return &hotseatv1.ToolResult{ToolCallId: call.GetToolCallId(), Content: content, IsError: err != nil}
}

func blocks(text string) []*hotseatv1.ContentBlock {
	if text == "" {
		return nil
	}
	return []*hotseatv1.ContentBlock{{Block: &hotseatv1.ContentBlock_Text{Text: text}}}
}
