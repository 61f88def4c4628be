// Code in colours: comments, strings, numbers and the words that most languages share. Pure, but for making elements.

const WORDS = new Set(
  `abstract and any as assert async await bool boolean break case catch char class const continue def default defer del
  delete do done double echo elif else end enum esac except export extends extern false False fi final finally float fn
  for from func function global go goto if impl implements import in include instanceof int interface is lambda let local
  long loop match mod module mut namespace new nil None not null number object of operator or package pass private
  protected pub public raise range readonly return select self short sizeof static str string struct super switch then
  this throw throws trait true True try type typedef typeof undefined union unless unsigned until use using var void
  volatile when where while with yield
  SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE CREATE TABLE JOIN LEFT RIGHT INNER ON GROUP ORDER BY LIMIT AND OR
  NOT NULL AS`.split(/\s+/),
);
const HASH = new Set(["bash", "dockerfile", "ini", "make", "makefile", "perl", "py", "python", "r", "rb", "ruby", "sh", "shell", "toml", "yaml", "yml", "zsh"]);
const PLAIN = new Set(["", "text", "txt", "plain", "plaintext", "console", "output", "log", "markdown", "md"]);
const STRINGS = String.raw`"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|${"`"}(?:[^${"`"}\\]|\\.)*${"`"}`;
const REST = String.raw`|(?<number>\b\d[\w.]*)|(?<word>[A-Za-z_$][\w$]*)`;
const withHash = new RegExp(String.raw`(?<comment>#[^\n]*)|(?<string>${STRINGS})${REST}`, "g");
const withSlashes = new RegExp(String.raw`(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/|--\s[^\n]*)|(?<string>${STRINGS})${REST}`, "g");
const MOST = 50_000; // characters: longer code is shown plain

/** Text and elements that show this code. */
export function highlighted(text, language) {
  const name = language.toLowerCase();
  if (PLAIN.has(name) || text.length > MOST) return [text];
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(HASH.has(name) ? withHash : withSlashes)) {
    const kind = kindOf(found);
    if (!kind) continue;
    parts.push(text.slice(from, found.index), colored(found[0], kind));
    from = found.index + found[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

function kindOf({ groups }) {
  if (groups.word) return WORDS.has(groups.word) ? "word" : "";
  return groups.comment ? "comment" : groups.string ? "string" : "number";
}

function colored(text, kind) {
  const element = document.createElement("span");
  element.className = `hl-${kind}`;
  element.textContent = text;
  return element;
}
