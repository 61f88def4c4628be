// npm run ask -- "What is a river?"
import { Client } from "hotseat-client";

const client = new Client(process.env["HOTSEAT_CORE_TARGET"] ?? "127.0.0.1:50051");
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
