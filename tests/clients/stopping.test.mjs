// What a client hears of a server that stops.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person, WEBSOCKET } from "./people.mjs";
import { Server } from "./server.mjs";

test("a server that stops says so before it closes, over websocket", async () => {
  const server = await Server.start();
  const person = await Person.register(server, "Ada");
  const ada = await person.connect(WEBSOCKET);
  const gone = ada.next("disconnect");
  await server.stop();
  await gone;
  const [notice] = ada.heard("chat:system:notification", (data) => data.type === "maintenance");
  assert.ok(notice?.reconnectInMs >= 0 && notice.reconnectInMs <= 5_000, JSON.stringify(notice));
});
