// The open room's messages: read by pages, drawn, and seen.

import { $ } from "./dom.js";
import { drawMessages, isAtEnd, scrollToEnd, watchScrolling } from "./logview.js";
import { app, attempt, nameOf } from "./world.js";

const PAGE = 50;

/** Reads the newest page, unless what is heard follows what is here. */
export async function readNewest(open) {
  const { timeline, id, cuts } = open;
  // A page from before a cut knows nothing of what was said during it.
  const isCurrent = () => app?.open === open && open.cuts === cuts && !timeline.complete;
  if (isCurrent()) {
    const page = await app.api.messages(id, { limit: PAGE });
    if (isCurrent()) timeline.takeNewest(page);
  }
  draw();
}

/** Reads the room anew: too much was missed to be told again. */
export function readAnew(open) {
  open.timeline.forget();
  attempt(() => readNewest(open));
}

async function loadOlder() {
  const { open, api } = app;
  const query = open.timeline.older;
  if (!query) return;
  $("older").disabled = true;
  await attempt(async () => {
    const page = await api.messages(open.id, { ...query, limit: PAGE });
    if (open.timeline.older === query) open.timeline.takeOlder(page);
  });
  $("older").disabled = false;
  if (app?.open === open) draw();
}

let drawing = null;

/** Draws the open room's messages soon: a burst of them is drawn once. */
export function draw() {
  drawing ??= setTimeout(() => {
    drawing = null;
    if (!app?.open) return;
    if (isAtEnd()) app.open.timeline.trim();
    drawMessages(app.open.timeline, { myId: app.user.id, nameOf });
    app.unread.noteSeen();
  }, 10);
}

export function bindHistory() {
  watchScrolling(() => app?.unread.noteSeen());
  $("older").addEventListener("click", loadOlder);
  $("newer").addEventListener("click", scrollToEnd);
  document.addEventListener("visibilitychange", () => {
    if (!app || document.visibilityState !== "visible") return;
    app.unread.noteSeen();
    app.unread.refresh();
  });
}
