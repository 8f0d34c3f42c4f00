// What is shown of one message.

import { copyOf, setText, within } from "./dom.js";
import { fillFile } from "./fileview.js";
import { fillContent } from "./formatted.js";

const HUES = 6;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export function fillMessage(node, { message, continued, item }, { myId, nameOf }) {
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
  fillContent(within(node, ".content"), message);
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

function initials(name) {
  const words = name.trim().split(/\s+/);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => [...word][0] ?? "").join("").toUpperCase();
}

/** One of the palette's hues, always the same for one person. */
function hueOf(id = "") {
  return [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7) % HUES;
}
