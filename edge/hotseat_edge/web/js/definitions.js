// Tools and schemas as their author types them: JSON, read and checked before it is sent. Pure.

const NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

export const TOOLS_EXAMPLE = `[
  {
    "name": "get_weather",
    "description": "The weather of a city, now.",
    "parameters": {
      "type": "object",
      "properties": { "city": { "type": "string" } },
      "required": ["city"]
    }
  }
]`;

export const SCHEMA_EXAMPLE = `{
  "type": "object",
  "properties": {
    "title": { "type": "string" },
    "points": { "type": "array", "items": { "type": "string" } }
  },
  "required": ["title", "points"],
  "additionalProperties": false
}`;

/** {value, problem}: what the text holds, as JSON; an empty text holds nothing. */
function parsed(text) {
  if (!text.trim()) return { value: null, problem: "" };
  try {
    return { value: JSON.parse(text), problem: "" };
  } catch (error) {
    return { value: null, problem: `This is no JSON: ${error.message}` };
  }
}

/** {tools, problem}: a list of functions, each as OpenAI has it, or its `function` alone. */
export function toolsOf(text) {
  const { value, problem } = parsed(text);
  if (problem || value === null) return { tools: [], problem };
  const none = (words) => ({ tools: [], problem: words });
  if (!Array.isArray(value)) return none("Tools are a list: [ … ]");
  const tools = [];
  const names = new Set();
  for (const [index, given] of value.entries()) {
    const spec = isObject(given?.function) ? given.function : given;
    const where = `Tool ${index + 1}`;
    if (!isObject(spec) || !NAME.test(spec.name ?? "")) return none(`${where} needs a name of a-z A-Z 0-9 _ -`);
    if (names.has(spec.name)) return none(`Two tools are called ${spec.name}.`);
    if (spec.description !== undefined && typeof spec.description !== "string") return none(`${where}: description is a text.`);
    if (spec.parameters !== undefined && !isObject(spec.parameters)) return none(`${where}: parameters are a JSON Schema: { … }`);
    names.add(spec.name);
    tools.push({ type: "function", function: spec });
  }
  return { tools, problem: "" };
}

/** {format, problem}: the response_format for answers that fit this JSON Schema. */
export function formatOf(text) {
  const { value, problem } = parsed(text);
  if (problem || value === null) return { format: null, problem };
  if (!isObject(value)) return { format: null, problem: "A JSON Schema is an object: { … }" };
  return { format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema: value } }, problem: "" };
}

/** Why these settings can't be sent; empty: they can. */
export const problemIn = ({ tools, schema }) =>
  toolsOf(tools).problem ? "The tools in the settings can't be read." : formatOf(schema).problem ? "The answer's schema in the settings can't be read." : "";
