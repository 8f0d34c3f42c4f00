// Who is signed in: an access token in memory alone, and a refresh cookie of the browser's that no script can read.

import { Api } from "./api.js";

const RETRY_MS = 3_000;
/** A token is renewed when a quarter of its life is left, or a minute if that is less. */
const LEFT_PART = 0.25;
const LEFT_MS = 60_000;

export class SignIn {
  user;
  token;
  #onRenewed;
  #onEnded;
  #timer = null;
  #renewing = null;
  #closed = false;

  /** `onRenewed(token)` hears of each new token, `onEnded(message)` that there will be none any more. */
  constructor(signedIn, { onRenewed, onEnded }) {
    this.#onRenewed = onRenewed;
    this.#onEnded = onEnded;
    this.#take(signedIn);
    resumable.note();
    owed.forget();
  }

  /** Resolves with a new token; whoever asks meanwhile gets the same. Rejects with an ApiError. */
  renew() {
    this.#renewing ??= this.#exchange().finally(() => { this.#renewing = null; });
    return this.#renewing;
  }

  /** Says that the server refuses even a new token. */
  end(message = "Your sign-in has ended. Please sign in again.") {
    if (!this.#closed) this.#onEnded(message);
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #take({ user, accessToken, expiresIn }) {
    this.user = user;
    this.token = accessToken;
    const life = expiresIn * 1_000;
    this.#renewIn(life - Math.min(life * LEFT_PART, LEFT_MS));
  }

  #renewIn(delay) {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => this.renew().catch(() => {}), delay);
  }

  async #exchange() {
    try {
      const signedIn = await exchangeCookie();
      if (signedIn.user.id !== this.user.id) this.end("Somebody else has signed in with this browser. Please sign in again.");
      else this.#take(signedIn);
    } catch (error) {
      if (error.recoverable) this.#renewIn(error.retryAfterMs ?? RETRY_MS);
      else {
        resumable.forget();
        this.end();
      }
      throw error;
    }
    if (!this.#closed) this.#onRenewed(this.token);
    return this.token;
  }
}

/** Resolves with who is signed in with this browser, or null. Rejects with an ApiError if that cannot be known now. */
export async function resume() {
  // Who comes for the first time is not asked for a cookie that cannot be there.
  if (!resumable.isThere() && !owed.isThere()) return null;
  try {
    const signedIn = await exchangeCookie();
    if (!owed.isThere()) return signedIn;
    await new Api({ token: signedIn.accessToken }).logout();
  } catch (error) {
    if (error.recoverable) throw error;
  }
  resumable.forget();
  owed.forget();
  return null;
}

/** Ends the sign-in; what the server does not hear now, it hears when the page is opened next. */
export async function signOut(api) {
  resumable.forget();
  await api.logout().catch((error) => error.recoverable && owed.note());
}

/** A refresh token is exchanged once: two tabs must not do it at the same time. Browsers have locks for `https` and localhost. */
function exchangeCookie() {
  const exchange = () => new Api().refresh();
  return navigator.locks ? navigator.locks.request("hornero.refresh", exchange) : exchange();
}

/** A mark that outlives the page and says nothing but that it is there; where nothing can be kept, it never is. */
class Mark {
  #name;

  constructor(name) {
    this.#name = name;
  }

  isThere() {
    try {
      return localStorage.getItem(this.#name) !== null;
    } catch {
      return false;
    }
  }

  note() {
    try {
      localStorage.setItem(this.#name, "yes");
    } catch { /* As said above. */ }
  }

  forget() {
    try {
      localStorage.removeItem(this.#name);
    } catch { /* As said above. */ }
  }
}

/** Somebody has signed in with this browser, and may still be. */
const resumable = new Mark("hornero.signed-in");
/** Somebody wants to be signed out, which the server has not heard. */
const owed = new Mark("hornero.sign-out-owed");
