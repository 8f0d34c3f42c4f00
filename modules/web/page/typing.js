// Who is typing: the others, as the server tells, and this user, as it is told.

import { $ } from "./dom.js";
import { showTyping } from "./roomview.js";
import { app, nameOf } from "./world.js";

const REPEAT_MS = 3_000;
const IDLE_MS = 5_000;
const LAPSE_MS = 10_000;

/** Notes that somebody in the open room types, or does not any more. */
export function setTyping(userId, isTyping) {
  const { typing } = app.open;
  clearTimeout(typing.get(userId));
  typing.delete(userId);
  if (isTyping) typing.set(userId, setTimeout(() => app?.open?.typing === typing && setTyping(userId, false), LAPSE_MS));
  showTyping([...typing.keys()].map(nameOf));
}

let told = 0;
let idle = null;

/** Tells the server that this user types, and again while it lasts. */
export function noteTyping() {
  if (!$("input").value.trim()) return stopTyping();
  clearTimeout(idle);
  idle = setTimeout(stopTyping, IDLE_MS);
  if (Date.now() - told < REPEAT_MS) return;
  told = Date.now();
  app.socket.tell("chat:typing:start", { roomId: app.open.id });
}

export function stopTyping() {
  clearTimeout(idle);
  if (!told) return;
  told = 0;
  if (app?.open) app.socket.tell("chat:typing:stop", { roomId: app.open.id });
}
