// Markdown that somebody else wrote, as elements that can do no harm: HTML in it is shown, not obeyed; nothing is loaded.

import { Marked } from "../vendor/marked.js";
import DOMPurify from "../vendor/purify.js";
import { highlighted } from "./highlight.js";

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escape(text),
    // A picture would be loaded from wherever the model says, and tell its owner that it was.
    image({ href, text }) {
      return `<a href="${escape(href)}">${escape(text || href)}</a>`;
    },
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

const SAFE = {
  RETURN_DOM_FRAGMENT: true,
  ALLOWED_TAGS: [
    "a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre",
    "s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
  ],
  ALLOWED_ATTR: ["href", "title", "start", "align", "class"],
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
};

/** Keeps an element the same as a growing text: what has not changed stays, and so does a selection in it. */
export class Rendering {
  constructor(element) {
    this.element = element;
    this.blocks = []; // {raw, element}
  }

  show(text) {
    const tokens = marked.lexer(text).filter((token) => token.type !== "space");
    let same = 0;
    while (same < this.blocks.length && same < tokens.length && this.blocks[same].raw === tokens[same].raw) same += 1;
    for (const block of this.blocks.splice(same)) block.element.remove();
    for (const token of tokens.slice(same)) {
      const element = rendered(token);
      this.blocks.push({ raw: token.raw, element });
      this.element.append(element);
    }
  }
}

function rendered(token) {
  const block = document.createElement("div");
  block.className = "block";
  block.append(DOMPurify.sanitize(marked.parser([token]), SAFE));
  for (const link of block.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const code of block.querySelectorAll("pre > code")) dress(code);
  for (const table of block.querySelectorAll("table")) table.replaceWith(scrollable(table.cloneNode(true), "Table"));
  return block;
}

/** A code block with its language, and a button that copies it. */
function dress(code) {
  const language = /language-([\w+#.-]+)/.exec(code.className)?.[1] ?? "";
  const text = code.textContent;
  const figure = document.createElement("figure");
  figure.className = "code";
  const caption = document.createElement("figcaption");
  const name = document.createElement("span");
  name.textContent = language || "text";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${language || "code"}`);
  caption.append(name, button);
  code.replaceChildren(...highlighted(text, language));
  const pre = code.parentElement;
  pre.replaceWith(figure);
  pre.tabIndex = 0; // a long line is scrolled by keyboard
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", language ? `Code, ${language}` : "Code");
  figure.append(caption, pre);
}

function scrollable(element, label) {
  const frame = document.createElement("div");
  frame.className = "scroll";
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", label);
  frame.append(element);
  return frame;
}
