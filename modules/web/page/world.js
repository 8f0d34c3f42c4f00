// Who is signed in, and what belongs to them. The modules beside this one each do one thing with it.

import { toast } from "./screen.js";

/** Codes of refusals that end with the next connect or the next token. */
export const PASSING = ["OFFLINE", "AUTH_FAILED"];

/** The signed-in user's world; null while nobody is signed in. Whoever awaits something checks that it is still the same. */
export let app = null;

export function setApp(world) {
  app = world;
}

/** Runs something that may be refused, and shows why it was. */
export async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (app) toast(error.message);
  }
}

/** The end of the id is random; its beginning is a time, and alike for many. */
export function nameOf(userId) {
  return app.names.get(userId) ?? `user …${String(userId).slice(-6)}`;
}
