// Messages: from one client, through the server, to every other, and into the history.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { dataOf, Person, TRANSPORTS, twoInARoom, WEBSOCKET, withoutVersion } from "./people.mjs";
import { Server } from "./server.mjs";

const RECEIVED = "chat:message:received";
const MANY = process.env.HORNERO_TEST_FULL ? 2_000 : 500;

const server = await Server.start();
after(() => server.stop());

const is = (message) => (other) => other.id === message.id;

for (const transport of TRANSPORTS) {
  test(`two clients chat over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);

    const question = await ada.send(roomId, "Is the bread ready?\n¿Está listo? 🍞");
    assert.equal(question.content, "Is the bread ready?\n¿Está listo? 🍞");
    assert.equal(question.roomId, roomId);
    assert.equal(question.conversationId, roomId);
    assert.equal(question.senderId, ada.person.id);
    assert.equal(question.role, "user");
    assert.equal(question.type, "chat");
    assert.equal(question.formatting, "plain");
    assert.deepEqual(withoutVersion(await ben.hear(RECEIVED, is(question))), question);
    assert.deepEqual(withoutVersion(await ada.hear(RECEIVED, is(question))), question);

    const answer = await ben.send(roomId, "In ten minutes");
    assert.equal(answer.senderId, ben.person.id);
    assert.ok(answer.seq > question.seq, `${answer.seq} after ${question.seq}`);
    assert.deepEqual(withoutVersion(await ada.hear(RECEIVED, is(answer))), answer);
  });

  test(`clients of both namespaces hear each other over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport, "/");
    const question = await ada.send(roomId, "From /chat");
    assert.deepEqual(withoutVersion(await ben.hear(RECEIVED, is(question))), question);
    const answer = await ben.send(roomId, "From /");
    assert.deepEqual(withoutVersion(await ada.hear(RECEIVED, is(answer))), answer);
  });

  test(`what is acknowledged is what is stored, over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    const message = await ada.send(roomId, "Note this", {
      clientMessageId: randomUUID(),
      metadata: { colour: "blue", nested: { n: 1.5, list: [null, true] } },
    });
    const history = await ben.person.rest("GET", `/rooms/${roomId}/messages`);
    assert.equal(history.status, 200);
    assert.deepEqual(history.body.items, [message]);
    assert.equal(history.body.hasMore, false);
  });

  test(`a message posted by REST reaches the sockets over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    const posted = await ada.person.rest("POST", `/rooms/${roomId}/messages`, { content: "By post" });
    assert.equal(posted.status, 201, JSON.stringify(posted.body));
    assert.deepEqual(withoutVersion(await ada.hear(RECEIVED, is(posted.body))), posted.body);
    assert.deepEqual(withoutVersion(await ben.hear(RECEIVED, is(posted.body))), posted.body);
  });

  test(`a repeated clientMessageId acks the first and is broadcast once over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    const clientMessageId = randomUUID();
    const attempts = ["Once", "Once", "Once more"].map((content) => ada.send(roomId, content, { clientMessageId }));
    const [first, ...repeated] = await Promise.all(attempts);
    assert.equal(first.content, "Once");
    assert.equal(first.clientMessageId, clientMessageId);
    for (const message of repeated) assert.deepEqual(message, first);

    const posted = await ada.person.rest("POST", `/rooms/${roomId}/messages`, { content: "Once", clientMessageId });
    assert.equal(posted.status, 200);
    assert.equal(posted.headers.get("idempotent-replayed"), "true");
    assert.deepEqual(posted.body, first);

    await ben.catchUp(roomId);
    assert.equal(ben.heard(RECEIVED, is(first)).length, 1);
  });

  test(`the same clientMessageId of two people names two messages over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    const clientMessageId = randomUUID();
    const hers = await ada.send(roomId, "Hers", { clientMessageId });
    const his = await ben.send(roomId, "His", { clientMessageId });
    assert.notEqual(his.id, hers.id);
    assert.equal(his.content, "His");
  });

  test(`${MANY} messages sent without waiting arrive in order over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    const sent = Array.from({ length: MANY }, (_, n) => `message ${n}`);
    const acknowledged = Promise.all(
      sent.map((content) => ada.socket.timeout(60_000).emitWithAck("chat:message:send", { roomId, content })),
    );

    const heard = await ben.hearAll(MANY, RECEIVED, undefined, 60_000);
    assert.deepEqual(heard.map((message) => message.content), sent);
    const rising = heard.every((message, n) => n === 0 || message.seq > heard[n - 1].seq);
    assert.ok(rising, `seqs are not rising: ${heard.map((message) => message.seq)}`);

    const acks = (await acknowledged).map(dataOf);
    assert.deepEqual(acks, heard.map(withoutVersion));
    assert.deepEqual((await ada.hearAll(MANY, RECEIVED)).map((message) => message.content), sent);
  });
}

test("the default transport starts with polling and upgrades to websocket", async () => {
  const person = await Person.guest(server, "Ben");
  const ben = await person.connect({ options: {} });
  const { engine } = ben.socket.io;
  if (engine.transport.name !== "websocket") {
    assert.equal(engine.transport.name, "polling");
    await new Promise((resolve) => engine.once("upgrade", resolve));
  }
  assert.equal(engine.transport.name, "websocket");
});

test("a message without an ack is stored and heard all the same", async () => {
  const { roomId, ada, ben } = await twoInARoom(server, WEBSOCKET);
  ada.socket.emit("chat:message:send", { roomId, content: "No answer needed" });
  const message = await ben.hear(RECEIVED, (other) => other.content === "No answer needed");
  assert.equal(message.senderId, ada.person.id);
});

test("an envelope's requestId comes back in the ack and to nobody else", async () => {
  const { roomId, ada, ben } = await twoInARoom(server, WEBSOCKET);
  const ack = await ada.ask("chat:message:send", {
    event: "chat:message:send",
    data: { roomId, content: "In an envelope" },
    requestId: "request-1",
    version: "1.0",
  });
  assert.equal(ack.requestId, "request-1");
  const message = dataOf(ack);
  assert.equal(message.content, "In an envelope");
  assert.deepEqual(withoutVersion(await ben.hear(RECEIVED, is(message))), message);
  assert.deepEqual(withoutVersion(await ada.hear(RECEIVED, is(message))), message);
});

test("an envelope's requestId comes back in an event to the caller alone", async () => {
  const { roomId, ada } = await twoInARoom(server, WEBSOCKET);
  const ack = await ada.ask("chat:room:join", { data: { roomId }, requestId: "request-2" });
  assert.equal(ack.requestId, "request-2");
  dataOf(ack);
  const joined = await ada.hear("chat:room:joined", (event) => event.requestId === "request-2");
  assert.equal(joined.roomId, roomId);
});
