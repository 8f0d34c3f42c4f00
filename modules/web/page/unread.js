// What was not read yet: counts beside the rooms, and telling the server what was seen.

const TELL_MS = 500;
const POLL_MS = 10_000;
/** The server counts no further, either. */
const COUNTED = 100;

export class Unread {
  #hands;
  #roomId = null;
  /** The seq up to which the server knows that the open room was read. */
  #told = 0;
  #telling = null;
  #poll;

  /**
   * `isSeen()` says whether somebody has the end of the open room before their eyes, `lastSeq()` where that is, `listed(roomId)`
   * gives the room whose count is shown, if it is, `tell(roomId, seq)` tells the server, `readCounts()` resolves with the caller's
   * rooms as they are now, `onChange` hears of new counts.
   */
  constructor(hands) {
    this.#hands = hands;
    // Rooms that are not open are not heard; the server counts for them.
    this.#poll = setInterval(() => document.visibilityState === "visible" && this.refresh(), POLL_MS);
  }

  close() {
    clearInterval(this.#poll);
    clearTimeout(this.#telling);
  }

  /** Begins anew with the room that is open now, or with none. */
  follow(roomId) {
    clearTimeout(this.#telling);
    this.#telling = null;
    this.#roomId = roomId;
    this.#told = 0;
  }

  /** Counts a message of somebody else in the open room, unless it is before the reader's eyes. */
  heard() {
    const room = this.#hands.listed(this.#roomId);
    if (!room || this.#hands.isSeen()) return;
    if (room.unreadCount < COUNTED) room.unreadCount += 1;
    else room.unreadMore = true;
    this.#hands.onChange();
  }

  /** Tells the server soon what is seen, once for many messages. To be called whenever that may have changed. */
  noteSeen() {
    if (!this.#isNews()) return;
    this.#telling ??= setTimeout(() => this.#tell(), TELL_MS);
  }

  /** Takes the server's counts into the rooms that are listed. */
  async refresh() {
    const counted = await this.#hands.readCounts().catch(() => null);
    if (counted) this.#hands.onChange(counted.map((room) => this.#asSeen(room)));
  }

  #isNews() { return this.#roomId && this.#hands.isSeen() && this.#hands.lastSeq() > this.#told; }

  async #tell() {
    this.#telling = null;
    if (!this.#isNews()) return;
    const [roomId, seq] = [this.#roomId, this.#hands.lastSeq()];
    try {
      await this.#hands.tell(roomId, seq);
    } catch {
      // Told again after the next message or connect.
      return;
    }
    if (this.#roomId === roomId) this.#told = Math.max(this.#told, seq);
    Object.assign(this.#hands.listed(roomId) ?? {}, { unreadCount: 0, unreadMore: false });
    this.#hands.onChange();
    this.noteSeen();
  }

  /** What was counted before the server heard what is seen here would come back for a moment. */
  #asSeen(room) {
    const isSeen = room.id === this.#roomId && this.#hands.isSeen();
    return isSeen ? { ...room, unreadCount: 0, unreadMore: false } : room;
  }
}
