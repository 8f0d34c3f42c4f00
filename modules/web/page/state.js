// What the page knows. Nothing here touches the network or the document.

const KEPT_MESSAGES = 1_000;
const KEPT_AFTER_TRIM = 500;

/** A random UUID; `crypto.randomUUID` exists only on https and localhost. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/**
 * The messages of one room: ascending, none twice, whichever way they came, and the own ones that are still on their way.
 *
 * `complete` says that what is heard follows what is here without a hole. After a cut, `resumeFrom` says from where the server
 * is to tell again, edits and deletions too; without it the newest page is read.
 */
export class Timeline {
  messages = [];
  /** `{clientMessageId, content, timestamp, state: "waiting" | "sending" | "failed", error}`. */
  outgoing = [];
  /** The query for the page before the first message; null when there is none. */
  older = null;
  complete = false;
  /** The number of the last event that was heard, and the life of the log that it is of. */
  #eventSeq = 0;
  #epoch = null;
  #resumable = false;
  /** What stands in the composer while another room is open. */
  draft = "";

  /** `{lastSeq, epoch}` for the next join; null when too little is known to go on from. */
  get resumeFrom() { return this.#resumable ? { lastSeq: this.#eventSeq, epoch: this.#epoch } : null; }

  get lastSeq() { return this.messages.at(-1)?.seq ?? 0; }

  /** Takes a message that was heard or acknowledged. One from before the pages that were read is left to `older`. */
  put(message) {
    const isOlder = this.older && message.seq < this.messages[0]?.seq;
    if (isOlder) this.#arrived(message);
    else this.#insert(message);
  }

  /** Replaces a message that is here; one that is not will be read in its newest form. */
  update(message) {
    if (this.messages.some((other) => other.seq === message.seq)) this.put(message);
  }

  remove(messageId) { this.messages = this.messages.filter((message) => message.id !== messageId); }

  clear(throughSeq) { this.messages = this.messages.filter((message) => message.seq > throughSeq); }

  discard(clientMessageId) {
    this.outgoing = this.outgoing.filter((item) => item.clientMessageId !== clientMessageId);
  }

  /** Notes an event that was heard. Not the acks of own messages: others' events may come before them. */
  heard({ eventSeq = 0 }) { this.#eventSeq = Math.max(this.#eventSeq, eventSeq); }

  /** Notes the answer to a join, with what it was asked to go on from, if at all. */
  joined({ lastSeq, epoch }, from) {
    this.#epoch = epoch;
    // What is told again follows; if there is too much of it, a notice has made this forget.
    if (from) this.complete = this.#resumable;
    else this.heard({ eventSeq: lastSeq });
    this.#resumable = false;
  }

  /** Notes that events may be missed from now on. */
  interrupt() {
    this.#resumable ||= this.complete;
    this.complete = false;
  }

  /** Forgets what was read, so that the room is read anew; what is on its way out stays. */
  forget() {
    this.messages = [];
    this.older = null;
    this.complete = false;
    this.#resumable = false;
    this.#eventSeq = 0;
  }

  /** Takes the newest page (descending). What lies before it goes, for there may be a hole between. */
  takeNewest(page) {
    const first = page.items.at(-1)?.seq ?? 0;
    this.messages = this.messages.filter((message) => message.seq >= first);
    page.items.forEach((message) => this.#insert(message));
    this.older = page.hasMore ? { cursor: page.nextCursor } : null;
    this.complete = true;
  }

  takeOlder(page) {
    page.items.forEach((message) => this.#insert(message));
    this.older = page.hasMore ? { cursor: page.nextCursor } : null;
  }

  /** Lets the oldest messages of a long stay go; they can be read again. */
  trim() {
    if (this.messages.length <= KEPT_MESSAGES) return;
    this.messages = this.messages.slice(-KEPT_AFTER_TRIM);
    this.older = { before: this.messages[0].seq };
  }

  /** Adds a message, or replaces it by its newer form. */
  #insert(message) {
    const before = this.messages.findLastIndex((other) => other.seq <= message.seq);
    const known = this.messages[before]?.seq === message.seq;
    this.messages.splice(known ? before : before + 1, known ? 1 : 0, message);
    this.#arrived(message);
  }

  /** Ends an own message's way out. */
  #arrived({ clientMessageId }) {
    if (clientMessageId) this.discard(clientMessageId);
  }
}

/** The people of the open room, as far as the server listed them (it lists 100). */
export class Members {
  list = [];
  total = 0;
  online = 0;
  /** Whether so many are here that the server tells of them together. */
  isCrowd = false;

  take({ members, memberCount, online }) {
    this.list = members;
    this.total = memberCount ?? members.length;
    this.online = online ?? members.filter((member) => member.online).length;
  }

  /** Who is here first, else in the server's order. */
  sorted() { return [...this.list].sort((a, b) => Number(b.online) - Number(a.online)); }

  /** Notes that somebody came or went; false if it is somebody new, and the list must be read again. */
  setOnline(userId, online) {
    const member = this.list.find((candidate) => candidate.userId === userId);
    const mayBeUnlisted = this.total > this.list.length;
    if (!member && !mayBeUnlisted) return !online;
    if (member?.online === online) return true;
    if (member) member.online = online;
    this.online += online ? 1 : -1;
    return true;
  }

  /** Takes the notice of a crowd, which names only some of those who came and went; false as above. */
  takeCrowd({ online, joined, left }) {
    const known = [...joined.map((id) => this.setOnline(id, true)), ...left.map((id) => this.setOnline(id, false))];
    this.isCrowd = true;
    this.online = online;
    const hadAll = this.total >= online;
    this.total = Math.max(this.total, online);
    return hadAll && !known.includes(false);
  }
}
