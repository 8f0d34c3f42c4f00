// A room over the limit above which the server gathers what it tells of who comes, goes and types.

import assert from "node:assert/strict";
import { scene } from "./scene.mjs";

const GUESTS = 110;
const STAYING = 10;

// Guests with two connections each, all held by one page.
const bring = (page, roomId, count) => page.evaluate(async ([roomId, count]) => {
  const headers = { "content-type": "application/json" };
  window.guests = [];
  for (let n = 1; n <= count; n += 1) {
    const body = JSON.stringify({ displayName: `Guest ${n}` });
    const { accessToken } = await (await fetch("/auth/guest", { method: "POST", headers, body, credentials: "omit" })).json();
    const sockets = [1, 2].map(() => window.io("/chat", { auth: { token: accessToken }, forceNew: true, transports: ["websocket"] }));
    for (const socket of sockets) await socket.emitWithAck("chat:room:join", { roomId });
    window.guests.push(sockets);
  }
}, [roomId, count]);

scene("a crowd is counted rightly, and asked about seldom", async ({ visitor }) => {
  const ada = await visitor();
  const sent = [];
  ada.page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));
  await ada.register("Ada");
  await ada.createRoom("Stadium");
  const roomId = ada.page.url().split("/").at(-1);
  const stand = await visitor();
  await bring(stand.page, roomId, GUESTS);
  await ada.at("member-counts", `${GUESTS + 1} members, ${GUESTS + 1} online`).waitFor();

  await stand.page.evaluate((roomId) => window.guests.slice(0, 5).forEach(([one]) => one.emit("chat:typing:start", { roomId })), roomId);
  await ada.at("typing", "Several people are typing").waitFor();
  await ada.snap("crowd");

  const joins = () => sent.filter((packet) => packet.includes("chat:room:join")).length;
  const before = joins();
  await stand.page.evaluate((staying) => window.guests.slice(staying).flat().forEach((socket) => socket.disconnect()), STAYING);
  await ada.at("member-counts", `${GUESTS + 1} members, ${STAYING + 1} online`).waitFor();
  assert.ok(joins() - before <= 1, `${joins() - before} times`);
  assert.deepEqual(await ada.at("toast").allTextContents(), []);
});
