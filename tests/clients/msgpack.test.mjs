// The official client with socket.io-msgpack-parser at a server that reads it, over every transport.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, test as within } from "node:test";
import { dataOf, errorOf, Person, TRANSPORTS, twoInARoom, withoutVersion } from "./people.mjs";
import { Server } from "./server.mjs";

const parser = createRequire(import.meta.url)("socket.io-msgpack-parser");

const RECEIVED = "chat:message:received";
const UNICODE = "¿Está listo? 🍞 パンはできた? خبز \u0301 \u2028 \"quoted\" \\";

const test = (name, step) => within(name, { timeout: 30_000 }, step);

const settings = { HORNERO__WEBSOCKET__PARSER: "msgpack" };
const chat = await Server.start({ ...settings, HORNERO__WEBSOCKET__RECOVERY__MAX_DISCONNECTION_MS: "60000" });
const echo = await Server.echo(settings);
after(() => Promise.all([chat.stop(), echo.stop()]));

const is = (message) => (other) => other.id === message.id;
const isWelcome = (data) => data.type === "welcome";
const WAYS = TRANSPORTS.map(({ name, options }) => ({ name, options: { ...options, parser } }));
const visit = (way, namespace = "/") => new Person(echo).connect(way, { namespace, auth: {} });

for (const way of WAYS) {
  test(`${way.name}: comes in with a token, and is welcomed under an id of its own`, async () => {
    const person = await Person.register(chat, "Ada");
    const ada = await person.connect(way);
    const { socketId, userId } = await ada.hear("chat:system:notification", isWelcome);
    assert.equal(userId, person.id);
    assert.equal(ada.socket.id, socketId);
    assert.notEqual(ada.socket.id, ada.socket.io.engine.id);
  });

  test(`${way.name}: is refused with a bad token, and told why`, async () => {
    const refused = await new Person(chat).connect(way, { auth: { token: "bad" } }).catch((error) => error);
    assert.equal(refused.message, "AUTH_FAILED");
    assert.equal(refused.data.code, "AUTH_FAILED");
    assert.equal(refused.data.recoverable, false);
  });

  test(`${way.name}: is refused by a namespace that is not there`, async () => {
    const refused = await visit(way, "/nowhere").catch((error) => error);
    assert.equal(refused.message, "Invalid namespace");
  });

  test(`${way.name}: joins, sends with an ack, and others hear it`, async () => {
    const { roomId, ada, ben } = await twoInARoom(chat, way);
    const question = await ada.send(roomId, "Is the bread ready?");
    assert.deepEqual(withoutVersion(await ben.hear(RECEIVED, is(question))), question);
    const answer = await ben.send(roomId, UNICODE);
    assert.equal(answer.content, UNICODE);
    assert.deepEqual(withoutVersion(await ada.hear(RECEIVED, is(answer))), answer);
  });

  test(`${way.name}: is refused what it may not do, and stays`, async () => {
    const { roomId, ada } = await twoInARoom(chat, way);
    errorOf(await ada.ask("chat:message:send", { roomId }), "PROTOCOL_ERROR");
    errorOf(await ada.ask("chat:room:paint", { roomId }), "PROTOCOL_ERROR");
    await ada.hearAll(2, "chat:error");
  });

  test(`${way.name}: is recovered when it comes back`, async () => {
    const { roomId, ada, ben } = await twoInARoom(chat, way);
    const seen = await ben.send(roomId, "seen");
    await ada.hear(RECEIVED, is(seen));
    const { id } = ada.socket;
    const gone = ada.next("disconnect");
    ada.socket.io.engine.close();
    await gone;
    const missed = await ben.send(roomId, "missed");
    await ada.hear(RECEIVED, is(missed));
    assert.deepEqual([ada.socket.recovered, ada.socket.id], [true, id]);
    assert.equal(ada.heard(RECEIVED, is(missed)).length, 1);
  });

  test(`${way.name}: sends and gets what JSON has, and Unicode`, async () => {
    const visitor = await visit(way);
    for (const data of [null, true, -0.5, 2 ** 52, -(2 ** 40), "", UNICODE, [], {}, { a: [{ b: { c: [[], null] } }] }]) {
      assert.deepEqual(dataOf(await visitor.ask("echo", data)), data);
    }
    const date = new Date();
    assert.deepEqual(dataOf(await visitor.ask("echo", { date, nothing: undefined })), { date: date.toJSON() });
  });

  test(`${way.name}: is in two namespaces, and sends and gets binary parts`, async () => {
    const visitor = await visit(way, "/chat");
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, n) => n % 256));
    const acked = dataOf(await visitor.ask("picture", { name: "dots", bytes }));
    assert.equal(acked.name, "dots");
    assert.deepEqual(Buffer.from(acked.bytes), bytes);
    dataOf(await visitor.ask("show", { name: UNICODE, bytes: bytes.subarray(1) }));
    assert.deepEqual(Buffer.from((await visitor.hear("picture")).bytes), bytes.subarray(1));
  });

  test(`${way.name}: answers what the server asks, and 1,000 events in order`, async () => {
    const visitor = await visit(way);
    visitor.socket.on("question", ({ number }, answer) => answer({ number: number * 2 }));
    assert.deepEqual(dataOf(await visitor.ask("question", { number: 21 })), { number: 42 });
    const numbers = Array.from({ length: 1_000 }, (_, n) => n);
    numbers.forEach((n) => visitor.socket.emit("say", n));
    const said = await visitor.hearAll(numbers.length, "said", undefined, 30_000);
    assert.deepEqual(said.map(({ data }) => data), numbers);
  });
}

for (const way of TRANSPORTS) {
  test(`${way.name}: who writes text is told why it is refused, and others go on`, async () => {
    const guest = await visit(WAYS[1]);
    for (const namespace of ["/", "/chat"]) {
      const refused = await visit(way, namespace).catch((error) => error);
      assert.equal(refused.message, "PROTOCOL_ERROR", `${refused}`);
      assert.equal(refused.data.details.reason, "parser");
    }
    assert.equal(dataOf(await guest.ask("echo", "still here")), "still here");
  });
}
