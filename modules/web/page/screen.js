// The screens, what stands above all of them, and the ways in. Every text of a person goes in by textContent, here and in the
// other views, so that none of it can become markup.

import { $, copyOf, setText, within } from "./dom.js";

const TOAST_MS = 7_000;

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

const CONNECTION_WORDS = { connecting: "connecting…", connected: "connected", reconnecting: "connection lost…" };
const BACK_MS = 5_000;
let back = null;
/** Whether the server has said that it stops. */
let stops = false;

/** Notes that the connection will be away because the server wants it so. */
export function noteStop() {
  stops = true;
}

export function showConnection(state) {
  const badge = $("connection");
  const isBack = state === "connected" && badge.dataset.state === "reconnecting";
  clearTimeout(back);
  if (isBack) back = setTimeout(() => setText(badge, CONNECTION_WORDS.connected), BACK_MS);
  if (state === "connected") stops = false;
  badge.dataset.state = state;
  setText(badge, isBack ? "connected again" : stops ? "server restarting…" : CONNECTION_WORDS[state]);
}

export function showUser(user) {
  const isGuest = user.userType === "guest";
  $("me").textContent = isGuest ? `${user.displayName} (guest)` : user.displayName;
  $("create").hidden = isGuest;
  $("create-refused").hidden = !isGuest;
  $("attach").hidden = isGuest;
}

