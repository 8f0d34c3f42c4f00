// What is shown of the open room, but its messages.

import { $, copyOf, people, setText, within } from "./dom.js";
import { clearMessages } from "./logview.js";

/** Shows a room, empty, with the draft that was left in it; null shows that none is open. */
export function showRoom(open) {
  $("chat").toggleAttribute("data-in-room", Boolean(open));
  $("room").hidden = !open;
  $("no-room").hidden = Boolean(open);
  toggleMembers(isWide());
  for (const link of document.querySelectorAll("a[data-room-id]")) {
    link.setAttribute("aria-current", link.dataset.roomId === open?.id);
  }
  clearMessages();
  $("counts").textContent = $("typing").textContent = "";
  $("members").replaceChildren();
  $("members-panel").hidden = !open;
  setInput(open?.timeline.draft ?? "");
  showRoomTitle(open?.room);
}

export function showRoomTitle(room) {
  $("room-title").textContent = room?.name ?? "Room";
  document.title = room ? `${room.name} · Hornero` : "Hornero";
}

/** Where a keyboard user goes on: the composer; on a touch screen the title, so that no keyboard covers the room. */
export function focusRoom() {
  (matchMedia("(pointer: fine)").matches ? $("input") : $("room-title")).focus();
}

export function drawMembers(members, myId) {
  $("counts").textContent = `${people(members.total)}, ${members.online} online`;
  $("members").replaceChildren(...members.sorted().map((member) => memberItem(member, myId)));
  const unlisted = members.total - members.list.length;
  $("members-rest").textContent = `and ${unlisted} more`;
  $("members-rest").hidden = unlisted <= 0;
}

function memberItem(member, myId) {
  const item = copyOf("member-template");
  item.dataset.userId = member.userId;
  item.dataset.online = Boolean(member.online);
  within(item, ".dot").setAttribute("aria-label", member.online ? "online" : "offline");
  within(item, ".name").textContent = member.displayName;
  const marks = [member.role === "member" ? null : member.role, member.userId === myId ? "you" : null];
  within(item, ".role").textContent = marks.filter(Boolean).join(", ");
  return item;
}

/** Whether the members stand beside the room; else they are a drawer above it. The width is that of app.css. */
const isWide = () => matchMedia("(min-width: 1081px)").matches;

export function toggleMembers(open = !$("members-panel").hasAttribute("data-open")) {
  $("members-panel").toggleAttribute("data-open", open);
  $("members-toggle").setAttribute("aria-expanded", open);
}

export function closeDrawer() {
  if (!isWide()) toggleMembers(false);
}

export function showTyping(names) {
  const words = [`${names[0]} is typing…`, `${names[0]} and ${names[1]} are typing…`, "Several people are typing…"];
  setText($("typing"), names.length ? words[Math.min(names.length, 3) - 1] : "");
}

/** Sets the composer's text and its height. */
export function setInput(text) {
  $("input").value = text;
  fitInput();
}

export function fitInput() {
  const input = $("input");
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
}
