// What a client may not do, and how it is told.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { errorOf, Person, TRANSPORTS, twoInARoom, WEBSOCKET, withoutVersion } from "./people.mjs";
import { Server } from "./server.mjs";

const server = await Server.start();
after(() => server.stop());

for (const transport of TRANSPORTS) {
  for (const namespace of ["/", "/chat"]) {
    test(`a bad token is refused by ${namespace} over ${transport.name}`, async () => {
      const person = await Person.guest(server, "Eve");
      const [header, payload, signature] = person.token.split(".");
      const forged = [header, payload, [...signature].reverse().join("")].join(".");
      for (const token of [forged, "not a token"]) {
        await assert.rejects(person.connect(transport, { namespace, auth: { token } }), { message: "AUTH_FAILED" });
      }
    });

    test(`no token is refused by ${namespace} over ${transport.name}`, async () => {
      const person = new Person(server);
      await assert.rejects(person.connect(transport, { namespace, auth: {} }), { message: "AUTH_FAILED" });
    });
  }

  test(`a private room and an absent one refuse a stranger alike over ${transport.name}`, async () => {
    const owner = await Person.register(server, "Ada");
    const stranger = await Person.register(server, "Eve");
    const { id: roomId } = await owner.createRoom("private");
    const eve = await stranger.connect(transport);

    const refusals = [];
    for (const id of [roomId, randomUUID()]) {
      const ack = await eve.ask("chat:room:join", { roomId: id });
      const { code, message, recoverable } = errorOf(ack, "ROOM_ACCESS_DENIED");
      refusals.push({ code, message, recoverable });
    }
    assert.equal(refusals[0].recoverable, false);
    assert.deepEqual(refusals[0], refusals[1]);

    const emitted = await eve.hearAll(2, "chat:error");
    for (const { code, message, recoverable } of emitted) assert.deepEqual({ code, message, recoverable }, refusals[0]);
  });

  test(`a stranger neither sends to a private room nor hears it over ${transport.name}`, async () => {
    const owner = await Person.register(server, "Ada");
    const stranger = await Person.register(server, "Eve");
    const { id: roomId } = await owner.createRoom("private");
    const ada = await owner.connect(transport);
    const eve = await stranger.connect(transport);
    await ada.join(roomId);

    errorOf(await eve.ask("chat:room:join", { roomId }), "ROOM_ACCESS_DENIED");
    errorOf(await eve.ask("chat:message:send", { roomId, content: "Let me in" }), "ROOM_ACCESS_DENIED");
    errorOf(await eve.ask("chat:typing:start", { roomId }), "ROOM_ACCESS_DENIED");
    await ada.send(roomId, "Among us");
    await ada.hear("chat:message:received");

    // Her own room is a place where everything sent to her before must have been heard.
    const { id: hers } = await stranger.createRoom();
    await eve.join(hers);
    await eve.catchUp(hers);
    assert.deepEqual(eve.heard("chat:message:received", (message) => message.roomId === roomId), []);
    assert.deepEqual(ada.heard("chat:message:received", (message) => message.senderId === stranger.id), []);
    assert.deepEqual(ada.heard("chat:user:typing"), []);
  });

  test(`a malformed payload is answered with its field over ${transport.name}`, async () => {
    const { roomId, ada } = await twoInARoom(server, transport);
    const malformed = [
      ["content", { roomId }],
      ["content", { roomId, content: "" }],
      ["content", { roomId, content: 7 }],
      ["roomId", { roomId: "kitchen", content: "Hello" }],
    ];
    for (const [field, payload] of malformed) {
      const error = errorOf(await ada.ask("chat:message:send", payload), "PROTOCOL_ERROR");
      assert.equal(error.details.field, field, JSON.stringify(error));
      assert.equal(error.recoverable, true);
    }
    await ada.catchUp(roomId);
  });

  test(`an unknown event is answered over ${transport.name}`, async () => {
    const { roomId, ada } = await twoInARoom(server, transport);
    const error = errorOf(await ada.ask("chat:room:paint", { roomId }), "PROTOCOL_ERROR");
    assert.equal(error.recoverable, true);
    await ada.catchUp(roomId);
  });
}

test("a payload that is no object is answered", async () => {
  const { roomId, ada } = await twoInARoom(server, WEBSOCKET);
  for (const payload of ["hello", null, [1, 2]]) {
    errorOf(await ada.ask("chat:message:send", payload), "PROTOCOL_ERROR");
  }
  await ada.catchUp(roomId);
});

test("an envelope of another event or version is refused, with its requestId", async () => {
  const { roomId, ada } = await twoInARoom(server, WEBSOCKET);
  const data = { roomId, content: "Hello" };
  const wrong = [
    { event: "chat:room:join", data, requestId: "wrong event" },
    { version: "2.0", data, requestId: "wrong version" },
  ];
  for (const envelope of wrong) {
    const ack = await ada.ask("chat:message:send", envelope);
    errorOf(ack, "PROTOCOL_ERROR");
    assert.equal(ack.requestId, envelope.requestId);
    await ada.hear("chat:error", (error) => error.requestId === envelope.requestId);
  }
});

test("a refusal is emitted also when no ack was asked for", async () => {
  const person = await Person.guest(server, "Ben");
  const ben = await person.connect(WEBSOCKET);
  ben.socket.emit("chat:room:join", { roomId: randomUUID() });
  const error = await ben.hear("chat:error");
  assert.equal(withoutVersion(error).code, "ROOM_ACCESS_DENIED");
});
