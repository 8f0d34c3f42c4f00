// The people of the open room: who they are, and whether they are here.

import { draw } from "./history.js";
import { drawRooms } from "./rooms.js";
import { drawMembers } from "./roomview.js";
import { app } from "./world.js";

const REFRESH_MS = 300;

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
  open.refresh ??= setTimeout(async () => {
    open.refresh = null;
    if (app?.open !== open) return;
    const joined = await app.socket.request("chat:room:join", { roomId: open.id }).catch(() => null);
    if (joined && app?.open === open) takeMembers(open, joined);
  }, REFRESH_MS);
}

/** Asks once who an unknown sender is; the server's list may end before them. */
export function meet(userId) {
  const { open, names } = app;
  if (names.has(userId) || open.asked.has(userId)) return;
  open.asked.add(userId);
  refreshMembers(open);
}

export function setOnline(userIds, online) {
  const { open, user } = app;
  if (!open) return;
  const known = userIds.map((id) => open.members.setOnline(id, online));
  if (known.includes(false)) refreshMembers(open);
  drawMembers(open.members, user.id);
}
