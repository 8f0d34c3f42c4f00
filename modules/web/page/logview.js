// The list of messages: its rows, and the reader's place in it.

import { $, copyOf, setText, within } from "./dom.js";
import { fillMessage } from "./messageview.js";

const SAME_BREATH_MS = 5 * 60_000;
const NEAR_THE_END_PX = 80;
const READ_OUT_AT_ONCE = 5;
const SILENCE_MS = 500;

const longDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

/** The `<li>` of every row, by its key. */
let rows = new Map();
/** Whether the newest message is in sight; then it is kept there. */
let atEnd = true;

/** Empties the list for another room, which is read from its end. */
export function clearMessages() {
  rows = new Map();
  $("messages").replaceChildren();
  $("older").hidden = $("newer").hidden = $("room-empty").hidden = true;
  atEnd = true;
}

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
