// The open room: which it is, and that it is joined as long as it is open.

import { $ } from "./dom.js";
import { drawUploads } from "./files.js";
import { readNewest } from "./history.js";
import { takeMembers } from "./people.js";
import { loadRooms } from "./rooms.js";
import { closeDrawer, focusRoom, showRoom, showRoomTitle, toggleMembers } from "./roomview.js";
import { toast } from "./screen.js";
import { Members, Timeline } from "./state.js";
import { stopTyping } from "./typing.js";
import { PASSING, app } from "./world.js";

const RETRY_MS = 3_000;

/** Opens the room that the address names, so that reload, back and a link to a room work. */
export function followAddress() {
  const [, id] = location.hash.match(/^#\/rooms\/(.+)$/) ?? [];
  if (!app || app.open?.id === id) return;
  closeRoom();
  if (id) openRoom(id);
}

function openRoom(id) {
  const lists = Object.values(app.rooms).flatMap((list) => list.items);
  const timeline = app.timelines.get(id) ?? new Timeline();
  app.timelines.set(id, timeline);
  // Edits and deletions were not heard while another room was open.
  timeline.forget();
  app.open = {
    id,
    timeline,
    room: lists.find((room) => room.id === id),
    joined: false,
    /** How often the connection was lost since it was opened. */
    cuts: 0,
    members: new Members(),
    /** Who is typing, with the timer that ends it. */
    typing: new Map(),
    /** Unknown senders for whom the list of members was read again. */
    asked: new Set(),
  };
  app.unread.follow(id);
  showRoom(app.open);
  drawUploads();
  focusRoom();
  joinOpenRoom();
}

export function closeRoom() {
  const { open } = app;
  if (!open) return;
  stopTyping();
  open.timeline.draft = $("input").value;
  for (const timer of open.typing.values()) clearTimeout(timer);
  if (open.joined) app.socket.tell("chat:room:leave", { roomId: open.id });
  app.open = null;
  app.unread.follow(null);
  showRoom(null);
}

/** Notes that the connection is away. */
export function interruptRoom() {
  const { open } = app;
  if (!open) return;
  open.joined = false;
  open.cuts += 1;
  open.timeline.interrupt();
}

/** Joins, after every connect anew, and reads what is missing. Every trouble that can pass is tried again. */
export async function joinOpenRoom() {
  const { open, socket } = app;
  const isOpen = () => app?.open === open;
  if (!open || !socket.connected) return;
  try {
    const from = open.timeline.resumeFrom;
    const joined = await socket.request("chat:room:join", { roomId: open.id, ...from });
    if (!isOpen()) return;
    open.joined = true;
    open.timeline.joined(joined, from);
    takeMembers(open, joined);
    await readNewest(open);
    if (!isOpen()) return;
    if (!app.rooms.mine.items.some((room) => room.id === open.id)) await loadRooms();
    app?.unread.noteSeen();
    await nameRoom(open);
  } catch (error) {
    // It is tried again after the next connect, or with the next token.
    if (!isOpen() || PASSING.includes(error.code)) return;
    toast(error.message);
    if (error.recoverable) setTimeout(() => isOpen() && joinOpenRoom(), error.retryAfterMs ?? RETRY_MS);
    else location.hash = "#/";
  }
}

/** Asks for the room's name if it was opened by its address. */
async function nameRoom(open) {
  open.room ??= await app.api.room(open.id);
  if (app?.open === open) showRoomTitle(open.room);
}

export function bindOpenRoom() {
  addEventListener("hashchange", followAddress);
  $("members-toggle").addEventListener("click", () => toggleMembers());
  addEventListener("keydown", ({ key }) => key === "Escape" && closeDrawer());
}
