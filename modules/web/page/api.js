// The REST door: one method per route, the bearer token as the only credential of all but the ways in and out.

const TIMEOUT_MS = 15_000;
/** What the server gives an upload, too. */
const FILE_TIMEOUT_MS = 300_000;

/** A refusal in the server's words, or a server that gave no answer (status 0). */
export class ApiError extends Error {
  constructor(status, body) {
    super(body?.error ?? `The server answered with status ${status}.`);
    this.status = status;
    this.fields = body?.details?.fields ?? [];
    this.retryAfterMs = body?.retry_after_ms;
    /** Whether the same request may succeed later. */
    this.recoverable = status === 0 || status === 429 || status >= 500;
  }
}

export class Api {
  #signIn;

  /**
   * `signIn` has a `token`, and may `renew()` one that is refused, or `end()` when the new one is refused, too. Without it only
   * the ways in are of use.
   */
  constructor(signIn = null) {
    this.#signIn = signIn;
  }

  register(account) { return this.#enter("/auth/register", account); }
  login(credentials) { return this.#enter("/auth/login", credentials); }
  guest(displayName) { return this.#enter("/auth/guest", displayName ? { displayName } : {}); }
  /** Exchanges the refresh cookie for the next one. */
  refresh() { return this.#enter("/auth/refresh", {}); }
  logout() { return this.#enter("/auth/logout"); }

  myRooms(cursor, limit) { return this.#get("/rooms", { cursor, limit }); }
  publicRooms(cursor) { return this.#get("/rooms", { visibility: "public", cursor }); }
  room(id) { return this.#get(`/rooms/${encodeURIComponent(id)}`); }
  createRoom(room) { return this.#post("/rooms", room); }
  /** The bytes of a file, as a Blob. */
  file(id) {
    const path = `/files/${encodeURIComponent(id)}`;
    return this.#request("GET", path, undefined, { read: "blob", timeout: FILE_TIMEOUT_MS });
  }
  messages(roomId, query) { return this.#get(`/rooms/${encodeURIComponent(roomId)}/messages`, query); }

  #get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    return this.#request("GET", given.length ? `${path}?${new URLSearchParams(given)}` : path);
  }

  /** The browser keeps, sends and forgets the cookies of these. */
  #enter(path, body) { return this.#request("POST", path, body, { credentials: "same-origin" }); }

  #post(path, body) { return this.#request("POST", path, body); }

  /**
   * Brings a file to a room; the server tells of it by a message.
   *
   * `onProgress` hears the part that is sent, 0 to 1. By XMLHttpRequest, because `fetch` does not tell that.
   */
  upload(roomId, file, { onProgress, signal }) {
    return this.#withToken(() => this.#upload(roomId, file, { onProgress, signal }));
  }

  #upload(roomId, file, { onProgress, signal }) {
    const form = new FormData();
    form.append("roomId", roomId);
    form.append("file", file, file.name);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const fail = (text) => () => reject(new ApiError(0, { error: text }));
      request.open("POST", "/files");
      request.setRequestHeader("authorization", `Bearer ${this.#signIn.token}`);
      request.responseType = "json";
      request.timeout = FILE_TIMEOUT_MS;
      request.upload.onprogress = ({ loaded, total }) => total && onProgress(loaded / total);
      request.onload = () => {
        if (request.status === 201) return resolve(request.response);
        reject(new ApiError(request.status, request.response));
      };
      request.onerror = fail("The connection was lost.");
      request.ontimeout = fail("It took too long.");
      request.onabort = fail("It was cancelled.");
      signal.addEventListener("abort", () => request.abort());
      request.send(form);
    });
  }

  #request(method, path, body, options) {
    return this.#withToken(() => this.#ask(method, path, body, options));
  }

  /** Does what may be refused because the token has ended; then once more with a new one. */
  async #withToken(ask) {
    try {
      return await ask();
    } catch (error) {
      if (error.status !== 401 || !this.#signIn?.renew) throw error;
    }
    await this.#signIn.renew();
    return ask().catch((error) => {
      if (error.status === 401) this.#signIn.end();
      throw error;
    });
  }

  async #ask(method, path, body, { read = "json", timeout = TIMEOUT_MS, credentials = "omit" } = {}) {
    const response = await this.#fetch(method, path, body, { timeout, credentials });
    if (response.ok && read === "blob") return response.blob().catch(() => { throw unreachable(); });
    const answer = await response.json().catch(() => null);
    if (response.ok) return answer;
    throw new ApiError(response.status, answer);
  }

  async #fetch(method, path, body, { timeout, credentials }) {
    const headers = { accept: "application/json" };
    if (this.#signIn) headers.authorization = `Bearer ${this.#signIn.token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials,
        cache: "no-store",
        signal: AbortSignal.timeout(timeout),
      });
    } catch {
      throw unreachable();
    }
  }
}

const unreachable = () => new ApiError(0, { error: "The server cannot be reached." });
