// The people of the open room: who they are, and whether they are here.

import { draw } from "./history.js";
import { drawRooms } from "./rooms.js";
import { drawMembers } from "./roomview.js";
import { setTyping } from "./typing.js";
import { app } from "./world.js";

const REFRESH_MS = 300;
const CROWD_MS = 5_000;
const DRAW_MS = 50;

export function takeMembers(open, joined) {
  open.members.take(joined);
  for (const member of joined.members) app.names.set(member.userId, member.displayName);
  for (const { items } of Object.values(app.rooms)) {
    for (const room of items) if (room.id === open.id) room.memberCount = open.members.total;
  }
  drawRooms();
  drawMembers(open.members, app.user.id);
  draw();
}

/** Reads the members again soon, once for several new ones: joining a second time changes nothing and lists them. */
function refreshMembers(open) {
  // In a crowd all pages learn of somebody at once, and must not ask at once.
  const delay = open.members.isCrowd ? CROWD_MS * (1 + Math.random()) : REFRESH_MS;
  open.refresh ??= setTimeout(async () => {
    open.refresh = null;
    if (app?.open !== open) return;
    const joined = await app.socket.request("chat:room:join", { roomId: open.id }).catch(() => null);
    if (joined && app?.open === open) takeMembers(open, joined);
  }, delay);
}

/** Asks once who an unknown sender is; the server's list may end before them. */
export function meet(userId) {
  const { open, names } = app;
  if (names.has(userId) || open.asked.has(userId)) return;
  open.asked.add(userId);
  refreshMembers(open);
}

/** Notes that somebody has come to the open room, or gone. */
export function setOnline(userId, online) {
  const { open } = app;
  if (!open.members.setOnline(userId, online)) refreshMembers(open);
  drawMembersSoon();
}

/** Takes what has happened in a crowd: how many are here, and a few of those who came, went and type. */
export function takeCrowd({ online, joined, left, typing }) {
  const { open, user } = app;
  if (!open.members.takeCrowd({ online, joined, left })) refreshMembers(open);
  for (const userId of typing) if (userId !== user.id) setTyping(userId, true);
  drawMembersSoon();
}

let drawing = null;

/** Draws the members once for many who come or go together. */
function drawMembersSoon() {
  drawing ??= setTimeout(() => {
    drawing = null;
    if (app?.open) drawMembers(app.open.members, app.user.id);
  }, DRAW_MS);
}
