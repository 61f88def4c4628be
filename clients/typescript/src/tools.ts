import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { type ToolResult, ToolResultSchema } from "./hotseat/v1/client_message_pb.js";
import { type ContentBlockSchema, type ToolDefinition, ToolDefinitionSchema } from "./hotseat/v1/content_pb.js";
import type { ToolCall } from "./hotseat/v1/server_event_pb.js";

/** What is said: text, or blocks of text, images and files. */
export type Content = string | readonly MessageInitShape<typeof ContentBlockSchema>[];

/** A tool that this program runs when the model calls it. */
export interface Tool {
  /** What it does, for the model. */
  readonly description?: string;
  /** JSON Schema of its input; none: any object. */
  readonly inputSchema?: JsonObject;
  /** Its outcome. What it throws reaches the model as a failed call. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the input is what the schema says
  run(input: any, call: ToolCall): Content | Promise<Content>;
}

export type Tools = Readonly<Record<string, Tool>>;

/** What the model is told about the tools. */
export function definitions(tools: Tools): ToolDefinition[] {
  return Object.entries(tools).map(([name, { description = "", inputSchema }]) =>
    create(ToolDefinitionSchema, {
      name,
      description,
      inputSchemaJson: inputSchema === undefined ? "" : JSON.stringify(inputSchema),
    }),
  );
}

/** Whether somebody here runs each of these calls. */
export function canRun(tools: Tools, calls: readonly ToolCall[]): boolean {
  return calls.length > 0 && calls.every(({ name }) => Object.hasOwn(tools, name));
}

/** Run the calls at the same time. */
export function results(tools: Tools, calls: readonly ToolCall[]): Promise<ToolResult[]> {
  return Promise.all(calls.map((call) => result(tools[call.name], call)));
}

async function result(tool: Tool | undefined, call: ToolCall): Promise<ToolResult> {
  const toolCallId = call.toolCallId;
  try {
    if (tool === undefined) throw new Error(`there is no tool ${call.name}`);
    const input: unknown = JSON.parse(call.inputJson || "{}");
    return create(ToolResultSchema, { toolCallId, content: blocks(await tool.run(input, call)) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return create(ToolResultSchema, { toolCallId, content: blocks(message), isError: true });
  }
}

/** Content as the wire has it. */
export function blocks(content: Content): MessageInitShape<typeof ContentBlockSchema>[] {
  if (typeof content !== "string") return [...content];
  return content === "" ? [] : [{ block: { case: "text", value: content } }];
}
