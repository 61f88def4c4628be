// Where the user writes: text, pictures and PDFs by paste, drop or choice.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";
import { icon } from "./icons.js";
import { Attachments } from "./message.js";
import { contentOf } from "./thread.js";

const KINDS = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"]);
const MOST_BYTES = 5 * 2 ** 20;
const MOST = 20;

async function read(file) {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  if (file.type === "application/pdf") return { type: "file", file: { filename: file.name, file_data: url } };
  return { type: "image_url", image_url: { url } };
}

/** The files that can be sent, and why the others can't. */
function sorted(files, room) {
  const fit = [];
  const refused = [];
  for (const file of files) {
    if (!KINDS.has(file.type)) refused.push(`${file.name}: only PNG, JPEG, GIF, WebP and PDF can be sent.`);
    else if (file.size > MOST_BYTES) refused.push(`${file.name} is larger than 5 MiB.`);
    else if (fit.length >= room) refused.push(`${file.name}: ${MOST} at most.`);
    else fit.push(file);
  }
  return { fit, refused };
}

export function Composer({ conversation, isBusy, isStopping, canSend, hindrance, actions }) {
  const [text, setText] = useState("");
  const [attached, setAttached] = useState([]);
  const [refused, setRefused] = useState([]);
  const area = useRef(null);
  const chooser = useRef(null);

  useEffect(() => area.current.focus({ preventScroll: true }), [conversation]);
  useLayoutEffect(() => {
    area.current.style.height = "auto";
    area.current.style.height = `${Math.min(area.current.scrollHeight, innerHeight * 0.4)}px`;
  }, [text]);

  const take = async (files) => {
    const { fit, refused: no } = sorted(files, MOST - attached.length);
    setRefused(no);
    const parts = await Promise.all(fit.map(read));
    setAttached((before) => [...before, ...parts]);
  };
  const send = (event) => {
    event?.preventDefault();
    const said = text.trim();
    if (isBusy || !canSend || (!said && !attached.length)) return;
    setText("");
    setAttached([]);
    setRefused([]);
    actions.send(contentOf(said, attached));
  };
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const onPaste = (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    take(event.clipboardData.files);
  };

  useEffect(() => {
    const over = (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault();
    const drop = (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      take(event.dataTransfer.files);
    };
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  });

  return html`<form class="composer" onSubmit=${send}>
    ${refused.map((words) => html`<p class="refused" role="alert">${words}</p>`)}
    <${Attachments} content=${attached} onRemove=${(index) => setAttached(attached.filter((_, at) => at !== index))} />
    <textarea ref=${area} id="composer" rows="1" aria-label="Message" placeholder="Say something" value=${text} onInput=${(event) => setText(event.target.value)} onKeyDown=${onKeyDown} onPaste=${onPaste} />
    <div class="row">
      <input ref=${chooser} type="file" multiple accept=${[...KINDS].join(",")} class="visually-hidden" tabindex="-1" aria-label="Files to attach" onChange=${(event) => (take([...event.target.files]), (event.target.value = ""))} />
      <button type="button" class="quiet icon" aria-label="Attach pictures or PDFs" title="Attach pictures or PDFs: paste and drop work too" onClick=${() => chooser.current.click()}>${icon("clip")}</button>
      <span class=${hindrance ? "hint hindered" : "hint faint"} role=${hindrance ? "status" : null}>${hindrance || "Enter sends, Shift+Enter begins a line"}</span>
      ${isBusy
        ? html`<button type="button" class="send stop" disabled=${isStopping} onClick=${actions.stop} aria-label="Stop" title="Stop (Escape)">${icon("stop")}</button>`
        : html`<button type="submit" class="send primary" disabled=${!canSend || (!text.trim() && !attached.length)} aria-label="Send" title="Send">${icon("send")}</button>`}
    </div>
  </form>`;
}
