// Files on their way to rooms, one after another. Nothing here touches the document.

import { newId } from "./state.js";

/** The server's default. A server that takes less says so itself. */
const MAX_BYTES = 10 * 1024 * 1024;
const MAX_WAITING = 10;

export class Uploads {
  /** `{key, roomId, file, state: "waiting" | "sending" | "failed", sent, error, stop}`; `sent` is a part, 0 to 1. */
  items = [];
  #send;
  #onChange;

  /** `send(roomId, file, {onProgress, signal})` resolves when the server has it; `onChange` hears of every change. */
  constructor({ send, onChange }) {
    this.#send = send;
    this.#onChange = onChange;
  }

  /** Takes files for a room; returns a sentence for each that is refused, of which nothing is sent. */
  add(roomId, files) {
    const refusals = [];
    for (const file of files) {
      const refusal = this.#refusal(file);
      if (refusal) refusals.push(refusal);
      else this.items.push({ key: newId(), roomId, file, state: "waiting", sent: 0 });
    }
    this.#next();
    return refusals;
  }

  retry(key) {
    const item = this.#item(key);
    if (item?.state !== "failed") return;
    Object.assign(item, { state: "waiting", sent: 0, error: undefined });
    this.#next();
  }

  /** Stops an upload, or takes away one that has failed. */
  cancel(key) {
    this.#item(key)?.stop?.abort();
    this.items = this.items.filter((item) => item.key !== key);
    this.#next();
  }

  close() {
    for (const { key } of [...this.items].reverse()) this.cancel(key);
  }

  #item(key) { return this.items.find((item) => item.key === key); }

  #refusal({ name, size }) {
    if (size > MAX_BYTES) return `${name} was not sent: it has ${sizeText(size)}, and ${sizeText(MAX_BYTES)} is the most.`;
    if (this.items.length >= MAX_WAITING) return `${name} was not sent: ${MAX_WAITING} files wait already.`;
    return null;
  }

  #next() {
    this.#onChange();
    const item = this.items.find(({ state }) => state === "waiting");
    if (item && !this.items.some(({ state }) => state === "sending")) this.#run(item);
  }

  async #run(item) {
    Object.assign(item, { state: "sending", stop: new AbortController() });
    this.#onChange();
    const onProgress = (sent) => {
      item.sent = sent;
      this.#onChange();
    };
    try {
      await this.#send(item.roomId, item.file, { onProgress, signal: item.stop.signal });
      this.items = this.items.filter((other) => other !== item);
    } catch (error) {
      Object.assign(item, { state: "failed", error: error.message });
    }
    this.#next();
  }
}

/** Says a number of bytes in words, such as "1.5 MiB"; nothing of what is no such number. */
export function sizeText(bytes) {
  if (!Number.isFinite(bytes) || bytes < 0) return "";
  if (bytes < 1024) return `${bytes} B`;
  const [size, unit] = bytes < 1024 * 1024 ? [bytes / 1024, "KiB"] : [bytes / 1024 / 1024, "MiB"];
  return `${size < 10 ? Math.round(size * 10) / 10 : Math.round(size)} ${unit}`;
}
