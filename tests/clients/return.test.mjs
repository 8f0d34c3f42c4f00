// A client that leaves a namespace and comes back at once, on the same connection.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { Manager } from "socket.io-client";
import { Person, WEBSOCKET } from "./people.mjs";
import { Server } from "./server.mjs";

const server = await Server.start();
after(() => server.stop());

test("leaving and coming back at once connects each time, and hears again", { timeout: 30_000 }, async () => {
  const owner = await Person.register(server, "Ada");
  const { id: roomId } = await owner.createRoom();
  const ada = await owner.connect(WEBSOCKET);
  await ada.join(roomId);

  const guest = await Person.guest(server, "Ben");
  const manager = new Manager(server.url, { transports: ["websocket"] });
  // The one that stays keeps the connection open.
  const staying = manager.socket("/", { auth: { token: guest.token } });
  const returning = manager.socket("/chat", { auth: { token: guest.token } });
  try {
    await Promise.all([once(staying, "connect"), once(returning, "connect")]);
    for (let round = 1; round <= 20; round += 1) {
      // A backlog, so that the one who has left is still busy when the one who returns joins.
      await returning.emitWithAck("chat:room:join", { roomId });
      for (let n = 0; n < 20; n += 1) returning.emit("chat:message:send", { roomId, content: `${round}.${n}` });
      returning.disconnect();
      returning.connect();
      await once(returning, "connect");
      const joined = await returning.emitWithAck("chat:room:join", { roomId });
      assert.equal(joined.status, "ok");

      const word = `round ${round}`;
      const heard = new Promise((resolve) => {
        returning.on("chat:message:received", ({ content }) => content === word && resolve());
      });
      await ada.send(roomId, word);
      await heard;
      returning.off("chat:message:received");
    }
  } finally {
    staying.disconnect();
    returning.disconnect();
  }
});
