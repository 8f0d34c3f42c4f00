// What the page shows. Every text of a person goes in by textContent, so that none of it can become markup.

import { $, copyOf, setText, within } from "./dom.js";
import { fillFile } from "./fileview.js";

const SAME_BREATH_MS = 5 * 60_000;
const TOAST_MS = 7_000;
const NEAR_THE_END_PX = 80;
const HUES = 6;
const READ_OUT_AT_ONCE = 5;
const SILENCE_MS = 500;

export { $ };

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

// --- Screens -----------------------------------------------------------------------------------------------------------------

/** Shows one of "missing", "entry" and "chat". */
export function showScreen(name) {
  for (const screen of ["missing", "entry", "chat"]) $(screen).hidden = screen !== name;
  $("toasts").replaceChildren();
}

/** Shows one way in; its first field gets the focus if a person chose it. */
export function selectTab(name, { focus = false } = {}) {
  for (const tab of ["login", "register", "guest"]) {
    $(`panel-${tab}`).hidden = tab !== name;
    $(`tab-${tab}`).setAttribute("aria-selected", tab === name);
    $(`tab-${tab}`).tabIndex = tab === name ? 0 : -1;
  }
  if (focus) $(`tab-${name}`).focus();
}

export function showEntryMessage(text) {
  $("entry-message").textContent = text ?? "";
  $("entry-message").hidden = !text;
}

/** Puts what the server said about single fields beside them; an empty list takes it away again. */
export function showFieldErrors(form, fields) {
  form.querySelectorAll(".field-error").forEach((node) => node.remove());
  for (const input of form.querySelectorAll("input")) {
    const wrong = fields.find((field) => field.field === input.name);
    input.setAttribute("aria-invalid", Boolean(wrong));
    if (!wrong) continue;
    const note = document.createElement("span");
    note.className = "field-error";
    note.textContent = wrong.message;
    input.after(note);
  }
}

/** Keeps a form from being sent twice. */
export async function whileBusy(form, work) {
  const button = form.querySelector("button");
  button.disabled = true;
  await work();
  button.disabled = false;
}

/** Shows a passing message; one that is still there is not repeated (a refusal may come as ack and as event). */
export function toast(text) {
  const shown = [...$("toasts").children];
  if (shown.some((node) => within(node, "p").textContent === text)) return;
  shown.slice(0, -2).forEach((node) => node.remove());
  const node = copyOf("toast-template");
  within(node, "p").textContent = text;
  within(node, "button").addEventListener("click", () => node.remove());
  setTimeout(() => node.remove(), TOAST_MS);
  $("toasts").append(node);
}

// --- Top bar and room lists --------------------------------------------------------------------------------------------------

const CONNECTION_WORDS = { connecting: "connecting…", connected: "connected", reconnecting: "connection lost…" };
const BACK_MS = 5_000;
let back = null;

export function showConnection(state) {
  const badge = $("connection");
  const isBack = state === "connected" && badge.dataset.state === "reconnecting";
  clearTimeout(back);
  if (isBack) back = setTimeout(() => setText(badge, CONNECTION_WORDS.connected), BACK_MS);
  badge.dataset.state = state;
  setText(badge, isBack ? "connected again" : CONNECTION_WORDS[state]);
}

export function showUser(user) {
  const isGuest = user.userType === "guest";
  $("me").textContent = isGuest ? `${user.displayName} (guest)` : user.displayName;
  $("create").hidden = isGuest;
  $("create-refused").hidden = !isGuest;
  $("attach").hidden = isGuest;
}

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
const people = (count) => (count === 1 ? "1 member" : `${count} members`);

// --- The open room -----------------------------------------------------------------------------------------------------------

/** The `<li>` of every row, by its key. */
let rows = new Map();
/** Whether the newest message is in sight; then it is kept there. */
let atEnd = true;

/** Shows a room, empty, with the draft that was left in it; null shows that none is open. */
export function showRoom(open) {
  $("chat").toggleAttribute("data-in-room", Boolean(open));
  $("room").hidden = !open;
  $("no-room").hidden = Boolean(open);
  toggleMembers(isWide());
  for (const link of document.querySelectorAll("a[data-room-id]")) {
    link.setAttribute("aria-current", link.dataset.roomId === open?.id);
  }
  rows = new Map();
  $("messages").replaceChildren();
  $("older").hidden = $("newer").hidden = $("room-empty").hidden = true;
  $("counts").textContent = $("typing").textContent = "";
  $("members").replaceChildren();
  $("members-panel").hidden = !open;
  atEnd = true;
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
  $("typing").textContent = names.length ? words[Math.min(names.length, 3) - 1] : "";
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

// --- Messages ----------------------------------------------------------------------------------------------------------------

/** Draws what changed; the reader's place stays where it is, at the end too. */
export function drawMessages(timeline, { myId, nameOf }) {
  const wanted = rowsOf(timeline, myId);
  const lastKey = [...rows.keys()].at(-1);
  const place = readingPlace();
  if (wanted.filter((row) => !rows.has(row.key)).length > READ_OUT_AT_ONCE) silenceLog();
  reconcile(wanted, (node, row) => (row.day ? fillDay(node, row) : fillMessage(node, row, { myId, nameOf })));
  $("older").hidden = !timeline.older;
  $("room-empty").hidden = wanted.length > 0 || !timeline.complete;
  const last = wanted.at(-1);
  if (atEnd || (last?.item && last.key !== lastKey)) scrollToEnd();
  else {
    restore(place);
    if (last && last.key !== lastKey) $("newer").hidden = false;
  }
}

export function scrollToEnd() {
  $("scroll").scrollTop = $("scroll").scrollHeight;
  atEnd = true;
  $("newer").hidden = true;
}

/** Follows the reader and the window's size; called once. `onEnd` hears when the reader comes to the end. */
export function watchScrolling(onEnd) {
  const scroll = $("scroll");
  scroll.addEventListener("scroll", () => {
    atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_THE_END_PX;
    if (!atEnd) return;
    $("newer").hidden = true;
    onEnd();
  });
  new ResizeObserver(() => atEnd && scrollToEnd()).observe(scroll);
}

export const isAtEnd = () => atEnd;

let silence = null;

/** Keeps screen readers from reading out what comes now: pages of history are not news. */
function silenceLog() {
  clearTimeout(silence);
  $("log").setAttribute("aria-busy", "true");
  silence = setTimeout(() => $("log").setAttribute("aria-busy", "false"), SILENCE_MS);
}

/** Lists the rows: day lines, messages, and what is on its way (`item`). */
function rowsOf(timeline, myId) {
  const out = timeline.outgoing.map((item) => ({ ...item, senderId: myId, item }));
  const result = [];
  let previous = null;
  for (const message of [...timeline.messages, ...out]) {
    const day = new Date(message.timestamp).toDateString();
    const key = keyOf(message, myId);
    if (day !== previous?.day) result.push({ key: `day ${key}`, day, timestamp: message.timestamp });
    const continued = day === previous?.day && followsOn(previous.message, message);
    result.push({ key, message, continued, item: message.item });
    previous = { day, message };
  }
  return result;
}

/** An own message keeps its row when it arrives, hence the key that it has before it gets an id. */
function keyOf(message, myId) {
  const own = message.senderId === myId && message.clientMessageId;
  return own ? `own ${message.clientMessageId}` : `id ${message.id}`;
}

function followsOn(previous, message) {
  const pause = new Date(message.timestamp) - new Date(previous.timestamp);
  return previous.senderId === message.senderId && previous.role !== "system" && pause < SAME_BREATH_MS;
}

/** Touches as few nodes as possible: whatever enters the list again would be read out again. */
function reconcile(wanted, fill) {
  const nodeOf = ({ key, day }) => rows.get(key) ?? copyOf(day ? "day-template" : "message-template");
  const next = new Map(wanted.map((row) => [row.key, nodeOf(row)]));
  for (const [key, node] of rows) if (!next.has(key)) node.remove();
  rows = next;
  let place = $("messages").firstChild;
  for (const row of wanted) {
    const node = rows.get(row.key);
    fill(node, row);
    if (node === place) place = place.nextSibling;
    else $("messages").insertBefore(node, place);
  }
}

function fillDay(node, { day, timestamp }) {
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  const words = { [yesterday.toDateString()]: "Yesterday", [today.toDateString()]: "Today" };
  setText(within(node, "span"), words[day] ?? longDay.format(new Date(timestamp)));
}

function fillMessage(node, { message, continued, item }, { myId, nameOf }) {
  const own = message.senderId === myId;
  const name = message.role === "system" ? "System" : nameOf(message.senderId);
  const time = within(node, "time");
  node.classList.toggle("own", own);
  node.classList.toggle("continued", continued);
  node.classList.toggle("system", message.role === "system");
  Object.assign(node.dataset, { state: stateOf(item), messageId: message.id ?? "", seq: message.seq ?? "" });
  node.dataset.clientMessageId = message.clientMessageId ?? "";
  within(node, ".avatar").dataset.hue = hueOf(message.senderId);
  setText(within(node, ".avatar"), initials(name));
  setText(within(node, ".sender"), own ? "You" : name);
  setText(time, clock.format(new Date(message.timestamp)) + (message.editedAt ? ", edited" : ""));
  time.dateTime = message.timestamp;
  setText(within(node, ".content"), textOf(message));
  within(node, ".content").hidden = fillFile(within(node, ".bubble"), message);
  fillDelivery(node, item);
}

const stateOf = (item) => ({ undefined: "sent", failed: "failed" })[item?.state] ?? "pending";

function fillDelivery(node, item) {
  if (!item) return within(node, ".delivery")?.remove();
  const words = { waiting: "Waiting for the connection…", sending: "Sending…", failed: `Not sent: ${item.error}` };
  if (!within(node, ".delivery")) within(node, ".bubble").append(copyOf("delivery-template"));
  setText(within(node, ".delivery-text"), words[item.state]);
  for (const button of node.querySelectorAll("[data-action]")) button.hidden = item.state !== "failed";
}

/** A graph message carries an object; everything else is text. */
const textOf = ({ content }) => (typeof content === "string" ? content : JSON.stringify(content, null, 2));

function initials(name) {
  const words = name.trim().split(/\s+/);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => [...word][0] ?? "").join("").toUpperCase();
}

/** One of the palette's hues, always the same for one person. */
function hueOf(id = "") {
  return [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7) % HUES;
}

/** Notes the first message in sight and where it stands; a day line may be gone after the next drawing. */
function readingPlace() {
  const top = $("scroll").getBoundingClientRect().top;
  const messages = [...rows.values()].filter((node) => node.matches(".message"));
  const node = messages.find((candidate) => candidate.getBoundingClientRect().bottom > top);
  return node && { node, top: node.getBoundingClientRect().top };
}

function restore(place) {
  if (place?.node.isConnected) $("scroll").scrollTop += place.node.getBoundingClientRect().top - place.top;
}
