// What an answer tells beside its text: thinking, and what an agent does with its own tools. Pure.

// The server tells of a tool use in one piece, `Read: src/main.py`, between pieces of thinking. These are the tools that
// Claude Code has; a piece that only looks like one of their lines would be shown as a card, and nothing worse.
const TOOLS = new Set([
  "Agent", "AskUserQuestion", "Bash", "BashOutput", "Edit", "EnterPlanMode", "ExitPlanMode", "Glob", "Grep", "KillShell",
  "LS", "MultiEdit", "NotebookEdit", "NotebookRead", "Read", "Skill", "SlashCommand", "Task", "TaskCreate", "TaskGet",
  "TaskList", "TaskOutput", "TaskStop", "TaskUpdate", "TodoRead", "TodoWrite", "ToolSearch", "WebFetch", "WebSearch", "Write",
]);
const LINE = /^([A-Z][A-Za-z]+)(?:: (.+)| (failed))?$/;

/** Take in one piece; `steps` are {kind: "thinking", text} and {kind: "tool", name, detail, failed}. */
export function note(steps, piece) {
  const line = piece.trim();
  const found = line.includes("\n") ? null : LINE.exec(line);
  if (found && TOOLS.has(found[1])) return noteTool(steps, found);
  const lastStep = steps.at(-1);
  if (lastStep?.kind === "thinking") lastStep.text += piece;
  else steps.push({ kind: "thinking", text: piece.trimStart() });
}

function noteTool(steps, [, name, detail = "", failed]) {
  if (!failed) {
    steps.push({ kind: "tool", name, detail, failed: false });
    return;
  }
  const used = steps.findLast((step) => step.kind === "tool" && step.name === name && !step.failed);
  if (used) used.failed = true;
  else steps.push({ kind: "tool", name, detail, failed: true });
}
