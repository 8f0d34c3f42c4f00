// What is shown of the lists of rooms.

import { $, copyOf, people, within } from "./dom.js";

/** Draws "mine" or "public". */
export function drawRooms(name, { items, cursor }, openId) {
  const focused = $(name).contains(document.activeElement) && document.activeElement.dataset.roomId;
  $(name).replaceChildren(...items.map((room) => roomItem(room, room.id === openId)));
  // A count that changes must not take the keyboard's place in the list.
  if (focused) within($(name), `a[data-room-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  $(`${name}-empty`).hidden = items.length > 0;
  $(`${name}-more`).hidden = !cursor;
}

function roomItem(room, isOpen) {
  const item = copyOf("room-template");
  const link = within(item, "a");
  link.href = roomAddress(room.id);
  link.dataset.roomId = room.id;
  link.setAttribute("aria-current", isOpen);
  within(item, room.visibility === "private" ? ".hash" : ".lock").remove();
  within(item, ".name").textContent = room.name;
  within(item, ".count").textContent = people(room.memberCount ?? 0);
  const unread = within(item, ".unread");
  unread.hidden = !room.unreadCount;
  unread.firstChild.textContent = `${room.unreadCount}${room.unreadMore ? "+" : ""}`;
  return item;
}

export const roomAddress = (id) => `#/rooms/${id}`;
