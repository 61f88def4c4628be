// The versions of messages that this browser knows, conversation by conversation. Where it keeps nothing (private windows,
// full storage) they last as long as the page.

import { lasting } from "./kept.js";

const NAME = "hotseat";
const STORE = "threads";
const MOST = 300;
const titles = lasting("titles"); // of conversations: their first words

let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE).createIndex("at", "at");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
  return opened;
}

/** The result of one transaction; null where the browser keeps nothing. */
async function transact(mode, act) {
  try {
    const transaction = (await database()).transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    return await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request?.result ?? null);
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
    });
  } catch {
    return null;
  }
}

/** What is kept of a conversation: {thread, settings}; null: nothing. */
export const readVersions = (id) => transact("readonly", (store) => store.get(id));

/** Keep this of a conversation; the oldest ones go where there are too many. */
export const keepVersions = (id, kept) =>
  transact("readwrite", (store) => {
    store.put({ ...kept, at: Date.now() }, id);
    store.count().onsuccess = ({ target }) => prune(store, target.result - MOST);
  });

function prune(store, excess) {
  if (excess <= 0) return;
  let left = excess;
  store.index("at").openKeyCursor().onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor || left <= 0) return;
    store.delete(cursor.primaryKey);
    left -= 1;
    cursor.continue();
  };
}

export const forgetVersions = (id) => transact("readwrite", (store) => store.delete(id));

/** Keep nothing of what was said, for whoever comes next. */
export function forgetAll() {
  titles.set(null);
  return transact("readwrite", (store) => store.clear());
}
