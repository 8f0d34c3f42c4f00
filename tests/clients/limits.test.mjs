// What a client may send at most, and how it is told.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { errorOf, Person, TRANSPORTS, twoInARoom } from "./people.mjs";
import { Server } from "./server.mjs";

const server = await Server.start({
  HORNERO__RATE_LIMIT__PROTOCOL_ERRORS: "5",
  HORNERO__WEBSOCKET__MAX_HTTP_BUFFER_SIZE: "100000",
});
after(() => server.stop());

for (const transport of TRANSPORTS) {
  test(`too large a packet ends the connection, and the client comes back, over ${transport.name}`, async () => {
    const person = await Person.register(server, "Ada");
    const ada = await person.connect(transport);
    const id = ada.socket.id;
    const gone = ada.next("disconnect");
    ada.socket.emit("chat:message:send", { content: "x".repeat(100_000) });
    assert.match(await gone, /^transport (close|error)$/);
    await ada.next("connect");
    assert.notEqual(ada.socket.id, id);
  });

  test(`five protocol errors disconnect the socket for good, over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    const gone = ada.next("disconnect");
    for (let n = 0; n < 5; n += 1) errorOf(await ada.ask("chat:message:send", { roomId }), "PROTOCOL_ERROR");
    assert.equal(await gone, "io server disconnect");
    assert.equal(ada.socket.active, false);
    // Others do not suffer for it.
    await ben.send(roomId, "Still here");
  });

  test(`a client that connects too often is told, and gets in when it may again, over ${transport.name}`, async () => {
    const hasty = await Server.start({ HORNERO__RATE_LIMIT__HANDSHAKES: "20" });
    try {
      const person = await Person.register(hasty, "Ada");
      for (let n = 0; n < 20; n += 1) await person.connect(transport);
      const told = await person.connect(transport).then(assert.fail, (error) => error);
      assert.equal(told.message, "RATE_LIMITED");
      const { recoverable, details } = told.data;
      assert.equal(recoverable, true);
      assert.ok(details.retryAfterMs > 0 && details.retryAfterMs <= 3_000, `${details.retryAfterMs} ms`);
      await delay(details.retryAfterMs);
      await person.connect(transport);
    } finally {
      await hasty.stop();
    }
  });
}
