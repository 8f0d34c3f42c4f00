// Files of the open room: brought by a button, by pasting or by dropping, and fetched when they are asked for.

import { $ } from "./dom.js";
import * as fileview from "./fileview.js";
import { toast } from "./screen.js";
import { app, attempt } from "./world.js";

function sendFiles(files) {
  if (!app?.open || !files.length) return;
  if (app.user.userType === "guest") return toast("Guests cannot send files. Sign out and register to send some.");
  app.uploads.add(app.open.id, files).forEach(toast);
}

export function drawUploads() {
  const { open, uploads } = app ?? {};
  fileview.drawUploads(open ? uploads.items.filter(({ roomId }) => roomId === open.id) : []);
}

/** Fetches with the token what a plain link could not: the browser would ask without it. */
async function openFile(node, { picture }) {
  const { fileId, name } = { fileId: node.querySelector("a").dataset.fileId, name: node.querySelector("a").download };
  await attempt(async () => {
    const bytes = await app.api.file(fileId);
    if (picture) fileview.showPicture(node, bytes);
    else fileview.save(bytes, name);
  });
}

export function bindFiles() {
  bindPicker();
  bindDrop();
  $("input").addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    sendFiles([...event.clipboardData.files]);
  });
  $("uploads").addEventListener("click", ({ target }) => {
    const { key } = target.closest("[data-key]").dataset;
    if (target.dataset.upload === "retry") app.uploads.retry(key);
    if (target.dataset.upload === "cancel") app.uploads.cancel(key);
  });
  $("messages").addEventListener("click", (event) => {
    const node = event.target.closest(".file");
    const [link, button] = [event.target.closest("a"), event.target.closest("button")];
    if (!node || !(link || button)) return;
    event.preventDefault();
    if (button && !node.querySelector("img").hidden) fileview.hidePicture(node);
    else openFile(node, { picture: Boolean(button) });
  });
}

function bindPicker() {
  $("attach").addEventListener("click", () => $("file-input").click());
  $("file-input").addEventListener("change", ({ currentTarget }) => {
    sendFiles([...currentTarget.files]);
    // Else the same file could not be chosen again.
    currentTarget.value = "";
  });
}

function bindDrop() {
  const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  const mark = (isOver) => $("room").toggleAttribute("data-drop", isOver);
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    // Beside the room, too: the browser would leave the page and show the file.
    event.preventDefault();
    mark(Boolean(app?.open));
  });
  addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || mark(false));
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(false);
    sendFiles([...event.dataTransfer.files]);
  });
}
