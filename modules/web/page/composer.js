// What this user writes, on its way to the server.

import { $ } from "./dom.js";
import { draw } from "./history.js";
import { fitInput, setInput } from "./roomview.js";
import { newId } from "./state.js";
import { noteTyping, stopTyping } from "./typing.js";
import { PASSING, app } from "./world.js";

function sendInput() {
  const content = $("input").value;
  const { open } = app;
  if (!open || !content.trim()) return;
  stopTyping();
  setInput("");
  const item = { clientMessageId: newId(), content, timestamp: new Date().toISOString(), state: "waiting" };
  open.timeline.outgoing.push(item);
  deliver(open.id, item);
}

/** Sends one message. A second time does no harm: the server knows it by its clientMessageId. */
async function deliver(roomId, item) {
  const { socket, timelines } = app;
  const { clientMessageId, content } = item;
  item.state = "sending";
  draw();
  try {
    timelines.get(roomId).put(await socket.request("chat:message:send", { roomId, content, clientMessageId }));
  } catch (error) {
    item.state = PASSING.includes(error.code) ? "waiting" : "failed";
    item.error = error.message;
  }
  draw();
}

/** Sends what could not be sent while the connection was away, in every room. */
export function sendWaiting() {
  for (const [roomId, timeline] of app?.timelines ?? []) {
    timeline.outgoing.filter((item) => item.state === "waiting").forEach((item) => deliver(roomId, item));
  }
}

/** Sends a message that failed again, or throws it away. */
function resolveFailed(clientMessageId, action) {
  const { id, timeline } = app.open;
  const item = timeline.outgoing.find((candidate) => candidate.clientMessageId === clientMessageId);
  if (item && action === "retry") deliver(id, item);
  else timeline.discard(clientMessageId);
  draw();
}

export function bindComposer() {
  $("input").addEventListener("input", () => (fitInput(), noteTyping()));
  $("input").addEventListener("keydown", (event) => {
    // While an input method composes a word, Enter chooses it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    sendInput();
  });
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    sendInput();
    $("input").focus();
  });
  $("messages").addEventListener("click", ({ target }) => {
    const row = target.closest("[data-action]")?.closest(".message");
    if (row) resolveFailed(row.dataset.clientMessageId, target.closest("[data-action]").dataset.action);
  });
}
