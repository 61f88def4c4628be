// What the browser keeps for us. A browser may refuse (private windows, full storage): then it is kept while the page is open.

const memory = new Map();

function slot(storage, name) {
  const key = `hotseat.${name}`;
  return {
    get() {
      try {
        return JSON.parse(storage().getItem(key) ?? "null");
      } catch {
        return memory.get(key) ?? null;
      }
    },
    /** Returns whether it will be there after a reload. */
    set(value) {
      memory.set(key, value);
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, JSON.stringify(value));
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** Kept until somebody clears it. */
export const lasting = (name) => slot(() => localStorage, name);

/** Kept for this tab. */
export const ofTab = (name) => slot(() => sessionStorage, name);

/** A name that no other thing has, also where the page is served without TLS. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A UUID, also where the page is served without TLS. */
export function newUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // no clipboard API without TLS
  }
}

function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
