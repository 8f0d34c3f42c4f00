// The server dies and comes back: the same socket objects go on, and nothing acknowledged is gone.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { TRANSPORTS, twoInARoom } from "./people.mjs";
import { Server } from "./server.mjs";

const RECEIVED = "chat:message:received";

const server = await Server.start();
after(() => server.stop());

const is = (message) => (other) => other.id === message.id;

async function historyOf(connection, roomId) {
  const history = await connection.person.rest("GET", `/rooms/${roomId}/messages?limit=100`);
  assert.equal(history.status, 200, JSON.stringify(history.body));
  assert.equal(history.body.hasMore, false);
  return history.body.items.reverse();
}

// Kills the server, starts it on the same data, and waits until the clients are back by themselves.
async function powerCut(...connections) {
  const gone = connections.map((connection) => connection.next("disconnect"));
  await server.kill();
  await Promise.all(gone);
  const back = connections.map((connection) => connection.next("connect"));
  await server.restart();
  await Promise.all(back);
}

for (const transport of TRANSPORTS) {
  test(`two clients go on chatting after the server was killed over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    const before = await ada.send(roomId, "Before the storm");
    await ben.hear(RECEIVED, is(before));

    await powerCut(ada, ben);
    await ada.join(roomId);
    await ben.join(roomId);
    assert.deepEqual(await historyOf(ben, roomId), [before]);

    const afterwards = await ben.send(roomId, "After the storm");
    await ada.hear(RECEIVED, is(afterwards));
    assert.ok(afterwards.seq > before.seq);
    assert.deepEqual(await historyOf(ada, roomId), [before, afterwards]);
  });

  test(`what was acknowledged survives a kill in the middle of sending over ${transport.name}`, async () => {
    const { roomId, ada } = await twoInARoom(server, transport);
    const acknowledged = [];
    const enough = new Promise((resolve) => {
      for (let n = 0; n < 90; n += 1) {
        ada.socket.emit("chat:message:send", { roomId, content: `message ${n}` }, (ack) => {
          if (ack.status === "ok") acknowledged.push(ack.data);
          if (acknowledged.length === 10) resolve();
        });
      }
    });
    await enough;
    await powerCut(ada);

    const history = await historyOf(ada, roomId);
    assert.deepEqual(history.slice(0, acknowledged.length), acknowledged);
    assert.deepEqual(history.map((message) => message.content), history.map((_, n) => `message ${n}`));
  });
}
