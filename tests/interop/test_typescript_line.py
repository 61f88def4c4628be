"""What no scenario can time: the TypeScript client's stream, closed while it waits to connect again."""

import asyncio
import json

import pytest

from tests.interop.ground import require
from tests.interop.languages import LANGUAGES, ROOT

# The first call opens, and breaks; so does the one in its place, and while the line waits, it is closed.
_SCRIPT = """
import { Code } from "@connectrpc/connect";
import { HotseatError } from "./dist/src/errors.js";
import { Line } from "./dist/src/line.js";

let made = 0;
const ready = { event: { case: "ready", value: { nextSequence: 1n, logId: "" } }, sequence: 0n };
const line = new Line(() => {
  const first = ++made === 1;
  let received = 0;
  return {
    isOver: false,
    isBeingRead: false,
    send() {},
    halfClose() {},
    cancel() { this.isOver = true; },
    async receive() {
      if (first && ++received === 1) return ready;
      if (!first) setImmediate(() => line.CLOSE());
      throw new HotseatError("gone", Code.Unavailable);
    },
  };
}, 60_000);
await line.open({});
const said = await line.read().then(() => "read", (error) => error.message);
console.log(JSON.stringify({ made, said }));
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", ["cancel", "close"])
async def test_a_stream_that_is_closed_while_it_waits_connects_no_more(way: str) -> None:
    language = next(language for language in LANGUAGES if language.name == "typescript")
    require(language)
    await language.build()
    process = await asyncio.create_subprocess_exec(
        *("node", "--input-type=module", "--eval", _SCRIPT.replace("CLOSE", way)),
        cwd=ROOT / "clients/typescript",
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert json.loads(out) == {"made": 2, "said": "this talk is closed; open another"}
