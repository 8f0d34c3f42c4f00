// The Socket.IO door: one connection to /chat that comes back by itself, and requests that are answered or fail.

const ACK_TIMEOUT_MS = 10_000;
const RETRY_MS = 3_000;

/** A refused or unanswered request. With code OFFLINE nothing is known of its effect: ask again after the next connect. */
export class SocketError extends Error {
  constructor({ code, message, recoverable = false, details }) {
    super(message);
    this.code = code;
    this.recoverable = recoverable;
    this.retryAfterMs = details?.retryAfterMs;
  }
}

export class ChatSocket {
  #socket;
  #retry = null;
  #closed = false;
  #signIn;
  /** Whether the last handshake was refused because of its token. */
  #refused = false;

  /**
   * Connects at once, with the token that `signIn` has then, and renews it if it is refused.
   *
   * `onState` hears "connecting", "connected" and "reconnecting", `events` maps the names of server events to functions of their
   * data.
   */
  constructor(signIn, { onState, events }) {
    this.#signIn = signIn;
    this.#socket = window.io("/chat", { auth: (give) => give({ token: signIn.token }), autoConnect: false });
    this.#socket.on("connect", () => {
      this.#refused = false;
      onState("connected");
    });
    this.#socket.on("disconnect", (reason) => {
      if (this.#closed) return;
      onState("reconnecting");
      // The client comes back by itself from everything but this.
      if (reason === "io server disconnect") this.#connectIn(RETRY_MS);
    });
    this.#socket.on("connect_error", (error) => {
      if (this.#closed) return;
      onState("reconnecting");
      if (error.message === "AUTH_FAILED") return this.#comeBack();
      if (!this.#socket.active) this.#connectIn(error.data?.details?.retryAfterMs ?? RETRY_MS);
    });
    for (const [name, listener] of Object.entries(events)) this.#socket.on(name, listener);
    onState("connecting");
    this.#socket.connect();
  }

  get connected() { return this.#socket.connected; }

  /** Resolves with the ack's data; rejects with a SocketError. */
  request(event, data) {
    return new Promise((resolve, reject) => {
      const fail = (error) => reject(new SocketError(error));
      // Without this socket.io would keep the event and send it before the room was joined again.
      if (!this.connected) return fail({ code: "OFFLINE", message: "There is no connection." });
      this.#socket.timeout(ACK_TIMEOUT_MS).emit(event, data, (lost, ack) => {
        if (lost && !this.connected) return fail({ code: "OFFLINE", message: "The connection was lost." });
        if (lost) return fail({ code: "TIMEOUT", message: "The server did not answer.", recoverable: true });
        if (ack?.status === "ok") return resolve(ack.data);
        fail(ack?.error ?? { code: "SERVER_ERROR", message: "The server gave an answer that this page does not understand." });
      });
    });
  }

  /** Sends without an answer, and not at all while there is no connection. */
  tell(event, data) {
    if (this.connected) this.#socket.emit(event, data);
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket.disconnect();
  }

  /** Tries another token, once: if that one is refused, too, the sign-in has ended. */
  async #comeBack() {
    if (this.#refused) return this.#signIn.end();
    this.#refused = true;
    const renewed = await this.#signIn.renew().catch(() => null);
    if (!renewed) this.#refused = false;
    if (!this.#closed) this.#connectIn(renewed ? 0 : RETRY_MS);
  }

  #connectIn(delay) {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#socket.connect(), delay);
  }
}
