"""What clients of the OpenAI API need to hear to come here. docs/clients has a page for each, made from this."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """One client."""

    title: str
    about: str
    language: str  # that it is written in, for people's editors
    template: str  # with {url} and {model}; other braces are doubled

    def text(self, url: str, model: str) -> str:
        """The configuration for the server at this URL."""
        return self.template.format(url=url, model=model)


_PYTHON = """\
from openai import OpenAI

client = OpenAI(base_url="{url}/v1", api_key="unused")
answer = client.chat.completions.create(model="{model}", messages=[{{"role": "user", "content": "Hello!"}}])
print(answer.choices[0].message.content)
"""
_NODE = """\
import OpenAI from "openai";

const client = new OpenAI({{ baseURL: "{url}/v1", apiKey: "unused" }});
const messages = [{{ role: "user", content: "Hello!" }}];
const answer = await client.chat.completions.create({{ model: "{model}", messages }});
console.log(answer.choices[0].message.content);
"""
_AI_SDK = """\
import {{ createOpenAICompatible }} from "@ai-sdk/openai-compatible";
import {{ generateText }} from "ai";

const hotseat = createOpenAICompatible({{
  name: "hotseat",
  baseURL: "{url}/v1",
  apiKey: "unused",
  includeUsage: true,
  supportsStructuredOutputs: true,
}});
const {{ text }} = await generateText({{ model: hotseat("{model}"), prompt: "Hello!" }});
console.log(text);
"""
_LANGCHAIN = """\
from langchain_openai import ChatOpenAI

llm = ChatOpenAI(base_url="{url}/v1", api_key="unused", model="{model}")
print(llm.invoke("Hello!").content)
"""
_AIDER = """\
export OPENAI_API_BASE={url}/v1 OPENAI_API_KEY=unused
aider --model openai/{model} --no-show-model-warnings
"""
_OPENCODE = """\
{{
  "$schema": "https://opencode.ai/config.json",
  "model": "hotseat/{model}",
  "provider": {{
    "hotseat": {{
      "npm": "@ai-sdk/openai-compatible",
      "name": "Hotseat",
      "options": {{ "baseURL": "{url}/v1", "apiKey": "unused" }},
      "models": {{
        "{model}": {{
          "name": "Claude",
          "reasoning": true,
          "tool_call": true,
          "limit": {{ "context": 1000000, "output": 128000 }}
        }}
      }}
    }}
  }}
}}
"""

RECIPES: dict[str, Recipe] = {
    "openai-python": Recipe("openai for Python", "the stock package: pip install openai", "python", _PYTHON),
    "openai-node": Recipe("openai for Node.js", "the stock package: npm install openai", "js", _NODE),
    "ai-sdk": Recipe("AI SDK", "Vercel's: npm install ai @ai-sdk/openai-compatible", "js", _AI_SDK),
    "langchain": Recipe("LangChain", "for Python: pip install langchain-openai", "python", _LANGCHAIN),
    "aider": Recipe("aider", "pair programming in the terminal: pip install aider-chat", "sh", _AIDER),
    "opencode": Recipe("opencode", "a coding agent in the terminal: npm install -g opencode-ai", "json", _OPENCODE),
}
