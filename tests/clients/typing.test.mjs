// Who is typing: seen by the others, and never for ever.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { TRANSPORTS, twoInARoom, WEBSOCKET, withoutVersion } from "./people.mjs";
import { Server } from "./server.mjs";

const TYPING = "chat:user:typing";
const LAPSE_MS = 10_000;
const SLOW = process.env.HORNERO_TEST_FULL ? TRANSPORTS : [WEBSOCKET];

const server = await Server.start();
after(() => server.stop());

const on = (data) => data.isTyping;
const off = (data) => !data.isTyping;

for (const transport of TRANSPORTS) {
  test(`typing appears to the other and not to the typist over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    ada.socket.emit("chat:typing:start", { roomId });
    const began = await ben.hear(TYPING, on);
    assert.deepEqual(withoutVersion(began), { roomId, userId: ada.person.id, isTyping: true });
    ada.socket.emit("chat:typing:stop", { roomId });
    const ended = await ben.hear(TYPING, off);
    assert.deepEqual(withoutVersion(ended), { roomId, userId: ada.person.id, isTyping: false });

    await ada.catchUp(roomId);
    assert.deepEqual(ada.heard(TYPING), []);
  });

  test(`typing ends when the message arrives over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    ada.socket.emit("chat:typing:start", { roomId });
    await ben.hear(TYPING, on);
    await ada.send(roomId, "Done");
    await ben.hear("chat:message:received");
    await ben.hear(TYPING, off);
  });

  test(`typing ends when the typist disconnects over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    ada.socket.emit("chat:typing:start", { roomId });
    await ben.hear(TYPING, on);
    ada.socket.disconnect();
    await ben.hear(TYPING, off);
  });
}

for (const transport of SLOW) {
  test(`typing without a stop lapses after ten seconds over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    ada.socket.emit("chat:typing:start", { roomId });
    await ben.hear(TYPING, on);
    const began = performance.now();
    await ben.hear(TYPING, off, LAPSE_MS + 3_000);
    const took = performance.now() - began;
    assert.ok(took > LAPSE_MS - 500, `it lapsed after ${Math.round(took)} ms`);
  });
}
