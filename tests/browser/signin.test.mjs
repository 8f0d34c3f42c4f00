// How long a sign-in lasts on the chat page, and how it ends.

import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { author } from "./author.mjs";
import { line } from "./line.mjs";
import { scene, twoInARoom } from "./scene.mjs";

const TOKEN_MS = 4_000;
const PATIENCE_MS = 20_000;
const SHORT = { HORNERO__AUTH__JWT__MAX_AGE: "4s", HORNERO__AUTH__SOCKET_GRACE: "1s" };

// Notes every state that the connection has from now on.
const watchConnection = (person) => person.page.evaluate(() => {
  const badge = document.querySelector("[data-testid=connection]");
  window.states = [];
  new MutationObserver(() => window.states.push(badge.dataset.state)).observe(badge, { attributes: true });
});

const statesOf = (person) => person.page.evaluate(() => window.states);

// The token that the page shows, which no storage has.
async function tokenOf(person) {
  const request = person.page.waitForRequest((one) => one.url().endsWith("/rooms") && one.headers().authorization);
  await person.at("rooms-refresh").click();
  return (await request).headers().authorization;
}

async function until(what, isSo) {
  for (const deadline = Date.now() + PATIENCE_MS; !(await isSo()); await delay(100)) {
    assert.ok(Date.now() < deadline, `it did not come to pass that ${what}`);
  }
}

// The packets that the page hears from now on, by polling and by WebSocket.
function overhear({ page }) {
  const heard = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => heard.push(String(payload))));
  page.on("response", async (answer) => {
    if (answer.url().includes("/socket.io/?")) heard.push(await answer.text().catch(() => ""));
  });
  return heard;
}

const standingOf = async (server, authorization) => (await fetch(`${server.url}/auth/me`, { headers: { authorization } })).status;

scene("a sign-in outlives its access tokens without a break", async ({ visitor }) => {
  const ada = await visitor();
  const heard = overhear(ada);
  await ada.register("Ada");
  await ada.createRoom("Lighthouse");
  const first = await tokenOf(ada);
  await watchConnection(ada);
  await delay(2.5 * TOKEN_MS);
  await ada.say("Still here");
  await ada.page.locator("[data-testid=message][data-state=sent]").waitFor();
  assert.notEqual(await tokenOf(ada), first);
  // The server would have said so at the end of a token.
  assert.ok(heard.some((packet) => packet.includes("welcome")), "nothing was overheard");
  assert.deepEqual(heard.filter((packet) => packet.includes("AUTH_FAILED")), []);
  assert.deepEqual(await statesOf(ada), []);
  assert.deepEqual(await ada.at("toast").allTextContents(), []);
}, SHORT);

scene("a token that ended while the network was away is renewed", async ({ server, visitor }) => {
  const wire = await line(server);
  try {
    const ben = await author(server, "Ben");
    const island = await ben.room("Island");
    const ada = await visitor({}, wire.url);
    await ada.enterAsGuest("Ada");
    await ada.enterRoom("Island");
    const first = await tokenOf(ada);

    wire.cut();
    await ada.connectionIs("reconnecting");
    await ada.say("Written meanwhile");
    await ben.says(island, "Said meanwhile");
    // Longer than a token lives: the server lets clocks differ by some seconds.
    await until("the token has ended", async () => (await standingOf(server, first)) === 401);
    // That token is what the page has when the network is back, and it is refused.
    const heard = overhear(ada);
    await ada.page.route("**/auth/refresh", (route) => route.abort());
    wire.mend();
    await until("a handshake was refused", () => heard.some((packet) => packet.includes('"AUTH_FAILED"')));
    await ada.page.unroute("**/auth/refresh");

    await ada.isConnected();
    await ada.sees("Said meanwhile");
    await ada.page.locator("[data-testid=message][data-state=pending]").waitFor({ state: "detached" });
    assert.deepEqual(await ada.messages(), ["Said meanwhile", "Written meanwhile"]);
  } finally {
    wire.close();
  }
}, SHORT);

scene("a token that the server knows no more is exchanged for one that it knows", async ({ server, visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Mint");
  // By the connection alone: lists that are read would find out, too.
  for (const { page } of [ada, ben]) await page.route(/\/rooms\b[^/]*$/, (route) => route.abort());
  await server.kill();
  server.settings = { HORNERO__AUTH__JWT__SECRET: "another secret, as long as it has to be" };
  const exchanges = [];
  ada.page.on("request", (request) => request.url().endsWith("/auth/refresh") && exchanges.push(request.method()));
  await server.restart();
  await ada.connectionIs("reconnecting");
  await ada.isConnected();
  await ben.isConnected();
  assert.deepEqual(exchanges, ["POST"]);
  await ada.say("New coins");
  await ben.sees("New coins");
}, {});

scene("a sign-in that the server has forgotten ends, and says so", async ({ server, visitor }) => {
  const ada = await visitor();
  await ada.register("Ada");
  await ada.createRoom("Flood");
  await server.kill();
  for (const name of readdirSync(server.folder)) rmSync(join(server.folder, name), { recursive: true });
  await server.restart();
  await ada.at("entry-message", "Your sign-in has ended").waitFor();
  assert.equal(await ada.at("chat").isVisible(), false);

  const exchanges = [];
  ada.page.on("request", (request) => request.url().endsWith("/auth/refresh") && exchanges.push(request.method()));
  await ada.page.reload();
  await ada.at("entry").waitFor();
  assert.deepEqual(exchanges, []);
}, {});

scene("a reload stays signed in, and no script can read by what", async ({ visitor }) => {
  const ada = await visitor();
  await ada.register("Ada");
  await ada.createRoom("Safe");
  await ada.page.reload();
  await ada.isInRoom("Safe");
  // A mark by which the page knows that it is worth asking for who is signed in.
  const kept = await ada.page.evaluate(() => [{ ...localStorage }, sessionStorage.length, document.cookie]);
  assert.deepEqual(kept, [{ "hornero.signed-in": "yes" }, 0, ""]);
});

scene("signing out ends the sign-in, in every tab", async ({ server, visitor }) => {
  const ada = await visitor();
  await ada.register("Ada");
  const token = await tokenOf(ada);
  assert.equal(await standingOf(server, token), 200);
  const second = await ada.page.context().newPage();
  await second.goto(server.url);
  await second.getByTestId("chat").waitFor();

  await ada.at("signout").click();
  await ada.at("entry").waitFor();
  await second.getByTestId("entry-message").waitFor();
  assert.equal(await standingOf(server, token), 401);
  assert.deepEqual(await ada.page.context().cookies(), []);
  await ada.page.reload();
  await ada.at("entry").waitFor();
});

scene("who signs out while the server is away is signed out when it is back", async ({ server, visitor }) => {
  const ada = await visitor();
  await ada.register("Ada");
  const token = await tokenOf(ada);
  await server.kill();
  await ada.at("signout").click();
  await ada.at("entry").waitFor();
  await server.restart();
  await ada.page.reload();
  await ada.at("entry").waitFor();
  assert.equal(await standingOf(server, token), 401);
}, {});

scene("who has registered comes back with the password, and only with it", async ({ server, visitor }) => {
  const { email, password } = await author(server, "Ada");
  const ada = await visitor();
  const signIn = async (secret) => {
    await ada.at("login-email").fill(email);
    await ada.at("login-password").fill(secret);
    await ada.at("login-submit").click();
  };
  await signIn("wrong horse battery");
  await ada.at("entry-message").waitFor();
  await ada.snap("sign-in refused");
  await signIn(password);
  await ada.isConnected();
  await ada.at("me", "Ada").waitFor();
});

scene("a tab ends when somebody else has signed in with the browser", async ({ server, visitor }) => {
  const ada = await visitor();
  await ada.register("Ada");
  const other = await author(server, "Ben");
  const body = JSON.stringify({ email: other.email, password: other.password });
  const headers = { "content-type": "application/json" };
  await ada.page.evaluate((request) => fetch("/auth/login", request), { method: "POST", headers, body });
  await ada.at("entry-message", "Somebody else").waitFor();
}, SHORT);
