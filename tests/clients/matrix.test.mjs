// Every client, over every transport, does what clients do. What a client of 2.x cannot do stands in
// docs/socketio-compatibility.md, and is shown here to be so.

import assert from "node:assert/strict";
import { after, test as within } from "node:test";
import { dataOf, errorOf, Person, twoInARoom, withoutVersion } from "./people.mjs";
import { Server } from "./server.mjs";
import { WAYS } from "./versions.mjs";

const RECEIVED = "chat:message:received";
const UNICODE = "¿Está listo? 🍞 パンはできた? خبز \u0301 \u2028 \"quoted\" \\ \u0007";

// A client that waits for ever is to be named.
const test = (name, step) => within(name, { timeout: 30_000 }, step);

const chat = await Server.start();
const echo = await Server.echo();
after(() => Promise.all([chat.stop(), echo.stop()]));

const is = (message) => (other) => other.id === message.id;
const isWelcome = (data) => data.type === "welcome";

// Somebody at the server that gives back what it gets.
const visit = (way, namespace = "/") => new Person(echo).connect(way, { namespace, auth: {} });

for (const way of WAYS) {
  test(`${way.name}: comes in with a token, and is welcomed`, async () => {
    const person = await Person.register(chat, "Ada");
    const ada = await person.connect(way);
    const { socketId, userId } = await ada.hear("chat:system:notification", isWelcome);
    assert.equal(userId, person.id);
    // Clients of 2.x make their id themselves, of that of their connection.
    assert.equal(ada.socket.id === socketId, !way.isOld);
  });

  test(`${way.name}: is refused with a bad token, and told why`, async () => {
    const refused = await new Person(chat).connect(way, { auth: { token: "bad" } }).catch((error) => error);
    assert.equal(refused.message, "AUTH_FAILED");
    if (!way.isOld) assert.equal(refused.data.recoverable, false);
  });

  test(`${way.name}: is refused by a namespace that is not there`, async () => {
    const refused = await visit(way, "/nowhere").catch((error) => error);
    assert.equal(refused.message ?? refused, "Invalid namespace");
  });

  test(`${way.name}: speaks by the transport that it should`, async () => {
    const visitor = await visit(way);
    const { engine } = visitor.socket.io;
    const [first] = way.options.transports ?? ["polling"];
    if (!way.options.transports && engine.transport.name === first) {
      await new Promise((resolve) => engine.once("upgrade", resolve));
    }
    assert.equal(engine.transport.name, way.options.transports ? first : "websocket");
    assert.equal(dataOf(await visitor.ask("echo", "still here")), "still here");
  });

  test(`${way.name}: joins, sends with an ack, and others hear it`, async () => {
    const { roomId, ada, ben } = await twoInARoom(chat, way);
    const question = await ada.send(roomId, "Is the bread ready?");
    assert.deepEqual(withoutVersion(await ben.hear(RECEIVED, is(question))), question);
    const answer = await ben.send(roomId, UNICODE.replace("\u0007", ""));
    assert.equal(answer.content, UNICODE.replace("\u0007", ""));
    assert.deepEqual(withoutVersion(await ada.hear(RECEIVED, is(answer))), answer);
  });

  test(`${way.name}: is refused what it may not do, and stays`, async () => {
    const { roomId, ada } = await twoInARoom(chat, way);
    errorOf(await ada.ask("chat:message:send", { roomId }), "PROTOCOL_ERROR");
    errorOf(await ada.ask("chat:room:paint", { roomId }), "PROTOCOL_ERROR");
    await ada.hearAll(2, "chat:error");
    await ada.catchUp(roomId);
  });

  test(`${way.name}: is in two namespaces over one connection`, async () => {
    const visitor = await visit(way);
    const second = visitor.socket.io.socket("/chat");
    await new Promise((resolve) => {
      second.once("connect", resolve);
      second.connect();
    });
    const answers = await Promise.all(
      [visitor.socket, second].map((it) => new Promise((resolve) => it.emit("echo", it.nsp, resolve))),
    );
    assert.deepEqual(answers.map(dataOf), ["/", "/chat"]);
    // Leaving one is not leaving the other.
    second.disconnect();
    assert.equal(dataOf(await visitor.ask("echo", 1)), 1);
  });

  test(`${way.name}: sends and gets what JSON has, and Unicode`, async () => {
    const visitor = await visit(way);
    for (const data of [null, true, -0.5, "", UNICODE, [], {}, { a: [{ b: { c: [[], null, 1e21] } }] }]) {
      assert.deepEqual(dataOf(await visitor.ask("echo", data)), data);
    }
  });

  // Not all events with binary parts arrive at clients of 2.x that poll, or from them.
  const hasBinary = !way.isOld || way.options.transports?.[0] !== "polling";
  if (hasBinary) test(`${way.name}: sends and gets binary parts`, async () => {
    const visitor = await visit(way);
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, n) => n % 256));
    const acked = dataOf(await visitor.ask("picture", { name: "dots", bytes }));
    assert.equal(acked.name, "dots");
    assert.deepEqual(Buffer.from(acked.bytes), bytes);
    dataOf(await visitor.ask("show", { name: UNICODE, bytes: bytes.subarray(1) }));
    const shown = await visitor.hear("picture");
    assert.equal(shown.name, UNICODE);
    assert.deepEqual(Buffer.from(shown.bytes), bytes.subarray(1));
  });

  test(`${way.name}: answers what the server asks`, async () => {
    const visitor = await visit(way);
    visitor.socket.on("question", ({ number }, answer) => answer({ number: number * 2 }));
    assert.deepEqual(dataOf(await visitor.ask("question", { number: 21 })), { number: 42 });
  });

  test(`${way.name}: 2,000 events come and go in order`, async () => {
    const visitor = await visit(way);
    const numbers = Array.from({ length: 2_000 }, (_, n) => n);
    numbers.forEach((n) => visitor.socket.emit("say", n));
    const said = await visitor.hearAll(numbers.length, "said", undefined, 30_000);
    assert.deepEqual(said.map(({ data }) => data), numbers);
  });

  test(`${way.name}: 1,000 events at once are answered each`, async () => {
    const visitor = await visit(way);
    const numbers = Array.from({ length: 1_000 }, (_, n) => n);
    const answers = await Promise.all(numbers.map((n) => visitor.ask("echo", n)));
    assert.deepEqual(answers.map(dataOf), numbers);
  });

  test(`${way.name}: a packet may be nearly as large as the limit`, async () => {
    const visitor = await visit(way);
    const large = "x".repeat(999_900);
    assert.equal(dataOf(await visitor.ask("echo", large)), large);
    assert.equal(visitor.socket.connected, true);
  });

  test(`${way.name}: goes by itself, and comes back`, async () => {
    const visitor = await visit(way);
    for (let round = 0; round < 3; round += 1) {
      const gone = visitor.next("disconnect");
      visitor.socket.disconnect();
      assert.equal(await gone, "io client disconnect");
      const back = visitor.next("connect");
      visitor.socket.connect();
      await back;
      assert.equal(dataOf(await visitor.ask("echo", round)), round);
    }
  });

  test(`${way.name}: is sent away by the server, and stays away`, async () => {
    const visitor = await visit(way);
    const gone = visitor.next("disconnect");
    visitor.socket.emit("leave");
    assert.equal(await gone, "io server disconnect");
    assert.equal(visitor.socket.connected, false);
  });
}

// One restart for all of them, at the same time.
test("every client comes back by itself when the server was killed", async () => {
  const visitors = await Promise.all(WAYS.map((way) => visit(way)));
  const gone = visitors.map((visitor) => visitor.next("disconnect"));
  await echo.kill();
  await Promise.all(gone);
  const back = visitors.map((visitor) => visitor.next("connect"));
  await echo.restart();
  await Promise.all(back);
  for (const [n, visitor] of visitors.entries()) {
    assert.equal(dataOf(await visitor.ask("echo", n)), n, WAYS[n].name);
  }
});
