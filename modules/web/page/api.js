// The REST door: one method per route, the bearer token as the only credential.

const TIMEOUT_MS = 15_000;

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
  #token;
  #onUnauthorized;

  /** Without a token only the three ways in are of use. */
  constructor(token = null, onUnauthorized = () => {}) {
    this.#token = token;
    this.#onUnauthorized = onUnauthorized;
  }

  register(account) { return this.#post("/auth/register", account); }
  login(credentials) { return this.#post("/auth/login", credentials); }
  guest(displayName) { return this.#post("/auth/guest", displayName ? { displayName } : {}); }
  logout() { return this.#post("/auth/logout"); }

  myRooms(cursor) { return this.#get("/rooms", { cursor }); }
  publicRooms(cursor) { return this.#get("/rooms", { visibility: "public", cursor }); }
  room(id) { return this.#get(`/rooms/${encodeURIComponent(id)}`); }
  createRoom(room) { return this.#post("/rooms", room); }
  messages(roomId, query) { return this.#get(`/rooms/${encodeURIComponent(roomId)}/messages`, query); }

  #get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    return this.#request("GET", given.length ? `${path}?${new URLSearchParams(given)}` : path);
  }

  #post(path, body) { return this.#request("POST", path, body); }

  async #request(method, path, body) {
    const response = await this.#fetch(method, path, body);
    const answer = await response.json().catch(() => null);
    if (response.ok) return answer;
    const error = new ApiError(response.status, answer);
    if (error.status === 401 && this.#token) this.#onUnauthorized(error);
    throw error;
  }

  async #fetch(method, path, body) {
    const headers = { accept: "application/json" };
    if (this.#token) headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        // Cookies belong to the whole browser: with them, two tabs could not be two users.
        credentials: "omit",
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new ApiError(0, { error: "The server cannot be reached." });
    }
  }
}
