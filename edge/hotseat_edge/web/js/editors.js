// Fields for JSON in the settings: what is wrong is said below them, and an example is a click away.

import { html } from "../vendor/htm-preact.js";
import { SCHEMA_EXAMPLE, TOOLS_EXAMPLE, formatOf, toolsOf } from "./definitions.js";

function JsonEditor({ id, label, hint, value, example, problem, onChange }) {
  return html`<div class="editor">
    <div class="row"><label for=${id}>${label}</label>${
      value
        ? html`<button type="button" class="quiet small" aria-label=${`Clear: ${label}`} onClick=${() => onChange("")}>Clear</button>`
        : html`<button type="button" class="quiet small" aria-label=${`Example: ${label}`} onClick=${() => onChange(example)}>Example</button>`
    }</div>
    <textarea id=${id} class="json" rows=${value ? 9 : 2} spellcheck="false" autocomplete="off" aria-describedby=${`${id}-words`} aria-invalid=${problem ? "true" : "false"} value=${value} onInput=${(event) => onChange(event.target.value)}></textarea>
    <p id=${`${id}-words`} class=${problem ? "wrong" : "faint"} role=${problem ? "alert" : null}>${problem || hint}</p>
  </div>`;
}

export const ToolsEditor = ({ value, onChange }) =>
  html`<${JsonEditor} id="tools" label="Tools that you run" value=${value} example=${TOOLS_EXAMPLE} problem=${toolsOf(value).problem} onChange=${onChange} hint="A list of functions, as JSON. The model's calls stop the answer; you type their results." />`;

export const SchemaEditor = ({ value, onChange }) =>
  html`<${JsonEditor} id="schema" label="Schema of the answer" value=${value} example=${SCHEMA_EXAMPLE} problem=${formatOf(value).problem} onChange=${onChange} hint="A JSON Schema: the answer is JSON that fits it." />`;
