// Messages are edited, deleted and cleared: those who listen hear it at once, those who were away when they are back.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Person, TRANSPORTS, WEBSOCKET, twoInARoom } from "./people.mjs";
import { Server } from "./server.mjs";

const server = await Server.start();
after(() => server.stop());

const about = (message) => (data) => (data.id ?? data.messageId) === message.id;

async function ask(connection, event, data) {
  const ack = await connection.ask(event, data);
  assert.equal(ack.status, "ok", JSON.stringify(ack));
  return ack.data;
}

for (const transport of TRANSPORTS) {
  test(`the others hear what is edited and deleted, each in its own words, over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    const carl = await (await Person.guest(server, "Carl")).connect(transport, { namespace: "/" });
    await carl.joinSession(roomId);
    const message = await ada.send(roomId, "helo");

    const edited = await ask(ada, "chat:message:edit", { messageId: message.id, content: "hello" });

    assert.deepEqual([edited.content, edited.seq, edited.eventSeq], ["hello", message.seq, message.seq + 1]);
    assert.deepEqual(await ben.hear("chat:message:updated", about(message)), { ...edited, version: "1.0" });
    const words = await carl.hear("message_updated", about(message));
    assert.deepEqual([words.content, words.editedAt, words.sessionId], ["hello", edited.editedAt, roomId]);

    const deleted = await ask(ada, "chat:message:delete", { messageId: message.id });

    assert.deepEqual(await ben.hear("chat:message:deleted", about(message)), { ...deleted, version: "1.0" });
    assert.equal((await carl.hear("message_deleted", about(message))).eventSeq, deleted.eventSeq);
    const gone = await ada.person.rest("GET", `/chat/messages/${message.id}`);
    assert.equal(gone.status, 404);
  });
}

test("who was away hears of a message what became of it, and never again what it said", async () => {
  const { roomId, ada, ben } = await twoInARoom(server, WEBSOCKET);
  ben.socket.disconnect();
  const changed = await ada.send(roomId, "helo");
  const deleted = await ada.send(roomId, "SECRET", { clientMessageId: "secret" });
  await ask(ada, "chat:message:edit", { messageId: changed.id, content: "hello" });
  await ask(ada, "chat:message:delete", { messageId: deleted.id });
  // Sent again, it stays deleted.
  const again = await ada.send(roomId, "SECRET", { clientMessageId: "secret" });
  assert.deepEqual([again.id, again.content, typeof again.deletedAt], [deleted.id, "", "string"]);

  const back = await ben.person.connect(WEBSOCKET);
  const all = [];
  back.socket.onAny((event, data) => data.eventSeq && all.push([event, data.eventSeq]));
  const joined = await ask(back, "chat:room:join", { roomId, lastSeq: 0 });

  assert.equal(joined.replayed, 4);
  await back.catchUp(roomId);
  assert.deepEqual(all.slice(0, 4), [
    ["chat:message:received", 1],
    ["chat:message:deleted", 2],
    ["chat:message:updated", 3],
    ["chat:message:deleted", 4],
  ]);
  const told = [...back.heard("chat:message:received"), ...back.heard("chat:message:updated")];
  assert.ok(!JSON.stringify(told).includes("SECRET"));
  assert.equal(back.heard("chat:message:received", about(changed))[0].content, "hello");
});

test("a session that is cleared is empty for all devices of its owner", async () => {
  const owner = await Person.register(server, "Ada");
  const { id: sessionId } = await owner.createSession();
  const [phone, laptop] = [await owner.connect(WEBSOCKET), await owner.connect(WEBSOCKET)];
  await phone.joinSession(sessionId);
  await laptop.joinSession(sessionId);
  await ask(phone, "send_message", { sessionId, content: "one" });
  await ask(laptop, "send_message", { sessionId, content: "two" });

  const cleared = await owner.rest("DELETE", `/chat/sessions/${sessionId}/messages`);

  assert.deepEqual(cleared.body, { deleted: 2 });
  for (const device of [phone, laptop]) {
    const heard = await device.hear("conversation_cleared");
    assert.deepEqual(heard, { sessionId, throughSeq: 3, eventSeq: 3, version: "1.0" });
  }
  const history = await owner.rest("GET", `/chat/sessions/${sessionId}/messages`);
  assert.deepEqual(history.body.items, []);
});

test("nobody changes another's message, and a member does not delete it", async () => {
  const { roomId, ada, ben } = await twoInARoom(server, WEBSOCKET);
  const message = await ada.send(roomId, "mine");
  for (const event of ["chat:message:edit", "chat:message:delete"]) {
    const ack = await ben.ask(event, { messageId: message.id, content: "yours" });
    assert.equal(ack.error.code, "PERMISSION_DENIED");
    const heard = await ben.hear("chat:error", (error) => error.message === ack.error.message);
    assert.deepEqual(heard, ack.error);
  }
  const found = await ada.person.rest("GET", `/chat/messages/${message.id}`);
  assert.deepEqual(found.body, message);
});
