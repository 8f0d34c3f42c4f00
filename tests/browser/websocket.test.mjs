// That the chat page goes over from polling to a WebSocket, as its policy and the check of its origin let it.

import assert from "node:assert/strict";
import { author } from "./author.mjs";
import { scene } from "./scene.mjs";

scene("the page goes over to a WebSocket and polls no more", async ({ server, visitor }) => {
  const ada = await author(server, "Ada");
  const room = await ada.room("Bridge");
  const ben = await visitor();
  const [heard, polls] = [[], []];
  const upgrade = ben.page.waitForEvent("websocket");
  ben.page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => heard.push(String(payload))));
  ben.page.on("request", (request) => request.url().includes("transport=polling") && polls.push(request.method()));

  await ben.enterAsGuest("Ben");
  await upgrade;
  await ben.enterRoom("Bridge");
  assert.equal(heard[0], "3probe");
  const polled = polls.length;
  await ada.says(room, "Over the bridge");
  await ben.sees("Over the bridge");
  await ben.say("I follow");
  await ben.page.locator("[data-testid=message][data-state=sent]").nth(1).waitFor();
  assert.ok(heard.some((frame) => frame.includes("Over the bridge")), heard.join("\n"));
  assert.equal(polls.length, polled);
});
