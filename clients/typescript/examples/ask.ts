// node dist/examples/ask.js "What is a river?"
import { Client } from "hotseat-client";

const { HOTSEAT_CORE_TARGET: target = "127.0.0.1:50051", HOTSEAT_API_KEY: apiKey } = process.env;
const client = new Client(target, { apiKey });
try {
  const talk = await client.converse({ settings: { profile: "claude" } }, { resumeMs: 10_000 });
  for await (const { event } of talk.ask(process.argv.slice(2).join(" ") || "What is a river?")) {
    if (event.case === "textDelta") process.stdout.write(event.value.text);
    if (event.case === "turnCompleted" && event.value.error) console.error(event.value.error.message);
  }
  console.log();
  await talk.close();
} finally {
  client.close();
}
