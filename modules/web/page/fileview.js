// What is shown of files: on their way out, and in messages. Names come in by textContent, as all texts of people do.

import { $, copyOf, setText, within } from "./dom.js";
import { sizeText } from "./uploads.js";

/** Draws the uploads of the open room; a row stays while its upload does, so that a button under a finger stays too. */
export function drawUploads(items) {
  const rows = new Map([...$("uploads").children].map((node) => [node.dataset.key, node]));
  for (const [key, node] of rows) if (!items.some((item) => item.key === key)) node.remove();
  for (const item of items) {
    const node = rows.get(item.key) ?? $("uploads").appendChild(newUpload(item));
    const words = { waiting: "Waiting", sending: `${Math.floor(item.sent * 100)} %`, failed: `Not sent: ${item.error}` };
    node.dataset.state = item.state;
    within(node, "progress").value = item.sent;
    within(node, "progress").hidden = item.state === "failed";
    setText(within(node, ".state"), words[item.state]);
    within(node, "[data-upload=retry]").hidden = item.state !== "failed";
    setText(within(node, "[data-upload=cancel]"), item.state === "failed" ? "Discard" : "Cancel");
  }
  $("uploads").hidden = items.length === 0;
}

function newUpload({ key, file }) {
  const node = copyOf("upload-template");
  node.dataset.key = key;
  within(node, ".name").textContent = file.name;
  within(node, "progress").setAttribute("aria-label", file.name);
  return node;
}

/** Shows the file of a message, or takes it away; says whether the message's text is no more than the file's name. */
export function fillFile(bubble, { type, content, metadata }) {
  const id = metadata?.fileId;
  const hasFile = (type === "file" || type === "image") && typeof id === "string";
  let node = within(bubble, ".file");
  if (!hasFile) return node?.remove(), false;
  if (!node) bubble.append((node = copyOf("file-template")));
  const name = typeof metadata.name === "string" ? metadata.name : "File";
  const link = within(node, "a");
  if (link.dataset.fileId !== id) hidePicture(node);
  link.href = `/files/${encodeURIComponent(id)}`;
  link.download = name;
  link.dataset.fileId = id;
  setText(within(node, ".name"), name);
  setText(within(node, ".size"), sizeText(metadata.size));
  within(node, "button").hidden = type !== "image";
  return content === name;
}

/** Shows a picture below its name. */
export function showPicture(node, blob) {
  const picture = within(node, "img");
  const url = URL.createObjectURL(blob);
  // What was drawn needs the bytes no more.
  picture.onload = picture.onerror = () => URL.revokeObjectURL(url);
  picture.src = url;
  picture.alt = within(node, ".name").textContent;
  picture.hidden = false;
  setText(within(node, "button"), "Hide picture");
}

export function hidePicture(node) {
  within(node, "img").hidden = true;
  within(node, "img").removeAttribute("src");
  setText(within(node, "button"), "Show picture");
}

/** Hands a file to the browser's downloads. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
