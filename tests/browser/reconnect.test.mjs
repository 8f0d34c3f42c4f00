// What becomes of an open room on the chat page when the connection is lost.

import assert from "node:assert/strict";
import { author } from "./author.mjs";
import { line } from "./line.mjs";
import { scene } from "./scene.mjs";

async function cutOff({ server, visitor }, room, act) {
  const ada = await author(server, "Ada");
  const id = await ada.room(room);
  const wire = await line(server);
  try {
    const ben = await visitor({}, wire.url);
    await ben.enterAsGuest("Ben");
    await ben.enterRoom(room);
    await act({ ada, ben, wire, says: (text) => ada.says(id, text) });
  } finally {
    wire.close();
  }
}

scene("what happened during a cut is there after it, once and in order", (hands) => cutOff(hands, "Ferry", async (scene) => {
  const { ada, ben, wire, says } = scene;
  const [first, second] = [await says("First"), await says("Second")];
  await ben.sees("Second");
  const sent = [];
  ben.page.on("request", (request) => sent.push(request.postData() ?? ""));
  ben.page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));

  wire.cut();
  await ben.at("connection", "connection lost").waitFor();
  await ada.edits(first, "First, better");
  await ada.deletes(second);
  await says("Third");
  await ben.say("Mine");
  wire.mend();
  await ben.at("connection", "connected again").waitFor();
  await ben.sees("Third");
  await ben.at("message-content", "First, better").waitFor();
  await ben.at("message-content", "Second").waitFor({ state: "detached" });
  await ben.page.locator("[data-testid=message][data-state=pending]").waitFor({ state: "detached" });
  assert.deepEqual(await ben.messages(), ["First, better", "Third", "Mine"]);
  assert.match(sent.join("\n"), /chat:room:join.*"lastSeq":2/);
  await ben.snap("connected again");
}));

scene("more than the server tells again is read anew", (hands) => cutOff(hands, "Long crossing", async ({ ben, wire, says }) => {
  for (let n = 1; n <= 3; n += 1) await says(`Before ${n}.${"\nAnd on it goes.".repeat(20)}`);
  await ben.sees("Before 3.");
  // At the end the page would let old messages go by itself.
  await ben.page.locator("#scroll").evaluate((node) => node.scrollTo(0, 0));
  wire.cut();
  await ben.connectionIs("reconnecting");
  for (let n = 1; n <= 1_010; n += 1) await says(`Wave ${n}.`);
  wire.mend();
  await ben.at("message-content", "Wave 1010.").waitFor({ state: "attached" });
  await ben.at("message-content", "Before").first().waitFor({ state: "detached" });
  const seen = await ben.messages();
  assert.equal(new Set(seen).size, seen.length);
  assert.equal(seen.at(-1), "Wave 1010.");
  await ben.at("load-older").waitFor({ state: "attached" });
}));

scene("a server that is restarted says so, and the room goes on where it was", async ({ server, visitor }) => {
  const ada = await author(server, "Ada");
  const room = await ada.room("Dock");
  const ben = await visitor();
  await ben.enterAsGuest("Ben");
  await ben.enterRoom("Dock");
  await ada.says(room, "Before");
  await ben.sees("Before");
  const sent = [];
  ben.page.on("request", (request) => sent.push(request.postData() ?? ""));
  ben.page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));

  await server.halt();
  await ben.at("connection", "server restarting").waitFor();
  await ben.say("Meanwhile");
  await ben.snap("restarting");
  await server.restart();
  await ada.says(room, "After");
  await ben.at("connection", "connected again").waitFor();
  await ben.sees("After");
  await ben.page.locator("[data-testid=message][data-state=pending]").waitFor({ state: "detached" });
  assert.deepEqual(await ben.messages(), ["Before", "After", "Meanwhile"]);
  assert.match(sent.join("\n"), /chat:room:join.*"lastSeq":1/);
  assert.deepEqual(await ben.at("toast").allTextContents(), []);
}, {});
