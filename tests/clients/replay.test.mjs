// A client that was away is sent what it has missed: in order, each event once, whatever happened meanwhile.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Person, TRANSPORTS, WEBSOCKET, twoInARoom } from "./people.mjs";
import { Server } from "./server.mjs";

const RECEIVED = "chat:message:received";

const server = await Server.start();
after(() => server.stop());

const seqsOf = (messages) => messages.map((message) => message.seq);
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

async function joinSince(connection, roomId, lastSeq) {
  const ack = await connection.ask("chat:room:join", { roomId, lastSeq });
  assert.equal(ack.status, "ok", JSON.stringify(ack));
  return ack.data;
}

for (const transport of TRANSPORTS) {
  test(`what was said while a client was away comes when it joins again over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    const seen = await ada.send(roomId, "Ben hears this");
    await ben.hear(RECEIVED, (message) => message.id === seen.id);
    ben.socket.disconnect();
    for (let n = 0; n < 20; n += 1) await ada.send(roomId, `missed ${n}`);

    const back = await ben.person.connect(transport);
    const joined = await joinSince(back, roomId, seen.seq);
    assert.equal(joined.replayed, 20);
    await ada.send(roomId, "live again");

    await back.hear(RECEIVED, (message) => message.content === "live again");
    assert.deepEqual(seqsOf(back.heard(RECEIVED)), range(seen.seq + 1, seen.seq + 21));
  });
}

test("a client that names its rooms when it connects is back by itself after the server was killed", async () => {
  const owner = await Person.register(server, "Ada");
  const { id: roomId } = await owner.createRoom();
  let lastSeq = 0;
  const auth = (to) => to({ token: owner.token, conversations: { [roomId]: lastSeq } });
  const ada = await owner.connect(WEBSOCKET, { auth });
  ada.socket.on(RECEIVED, (message) => (lastSeq = message.eventSeq));
  await ada.hear("chat:room:joined", (joined) => joined.roomId === roomId);
  await ada.catchUp(roomId);

  const [gone, back] = [ada.next("disconnect"), ada.next("connect")];
  await server.kill();
  await gone;
  await server.restart();
  const words = await owner.rest("POST", `/rooms/${roomId}/messages`, { content: "while you were away" });
  assert.equal(words.status, 201);
  await back;

  await ada.hear(RECEIVED, (message) => message.id === words.body.id);
  await ada.catchUp(roomId);
  assert.deepEqual(seqsOf(ada.heard(RECEIVED)), range(1, lastSeq));
});

test("every acknowledged message is there once and in order after kill -9 in the middle of sending", async () => {
  const { roomId, ada, ben } = await twoInARoom(server, WEBSOCKET);
  const words = range(0, 499).map((n) => ({ roomId, content: `message ${n}`, clientMessageId: `m-${n}` }));
  const acknowledged = new Map();
  const acknowledge = (ack) => ack.status === "ok" && acknowledged.set(ack.data.clientMessageId, ack.data);
  await new Promise((resolve) => {
    for (const message of words) {
      ada.socket.emit("chat:message:send", message, (ack) => {
        acknowledge(ack);
        if (acknowledged.size === 50) resolve();
      });
    }
  });
  const gone = [ada, ben].map((connection) => connection.next("disconnect"));
  const back = [ada, ben].map((connection) => connection.next("connect"));
  await server.kill();
  await Promise.all(gone);
  const before = new Map(acknowledged);
  assert.ok(before.size < words.length, "the server was killed too late to tell anything");
  await server.restart();
  await Promise.all(back);

  const heard = ben.heard(RECEIVED);
  const lastSeq = heard.at(-1)?.seq ?? 0;
  await joinSince(ben, roomId, lastSeq);
  // Whoever has no ack sends again, and the server knows what it has.
  for (const message of words) acknowledge(await ada.ask("chat:message:send", message));

  await ben.hear(RECEIVED, (message) => message.clientMessageId === words.at(-1).clientMessageId);
  const all = ben.heard(RECEIVED);
  assert.deepEqual(seqsOf(all), range(1, words.length), "each once, in order");
  assert.deepEqual(all.map((message) => message.content), words.map((message) => message.content));
  for (const [id, message] of before) {
    const { version: _, ...told } = all.find((other) => other.clientMessageId === id);
    assert.deepEqual(told, message, "as it was acknowledged");
  }
});

test("a client that was away too long is told of the gap, and sent the newest thousand", { timeout: 60_000 }, async () => {
  const { roomId, ada, ben } = await twoInARoom(server, WEBSOCKET);
  ben.socket.disconnect();
  const sent = range(1, 1_005).map((n) => ada.ask("chat:message:send", { roomId, content: `${n}` }));
  await Promise.all(sent);

  const back = await ben.person.connect(WEBSOCKET);
  const joined = await joinSince(back, roomId, 0);

  assert.equal(joined.replayed, 1_000);
  const gap = await back.hear("chat:system:notification", (notice) => notice.type === "history_gap");
  assert.deepEqual([gap.fromSeq, gap.toSeq], [1, 5]);
  assert.deepEqual(seqsOf(await back.hearAll(1_000, RECEIVED)), range(6, 1_005));
});
