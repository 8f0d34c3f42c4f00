// The session vocabulary: one owner, several devices; and rooms heard in it.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { dataOf, errorOf, Person, TRANSPORTS, twoInARoom, withoutVersion } from "./people.mjs";
import { Server } from "./server.mjs";

const NEW_MESSAGE_FIELDS = [
  "clientMessageId",
  "content",
  "id",
  "metadata",
  "role",
  "senderId",
  "seq",
  "sessionId",
  "timestamp",
];

const server = await Server.start();
after(() => server.stop());

const is = (message) => (other) => other.id === message.id;

// Two sockets of one owner, the first on `/`, both joined to a new session.
async function twoDevices(transport) {
  const owner = await Person.register(server, "Ada");
  const { id: sessionId } = await owner.createSession();
  const phone = await owner.connect(transport, { namespace: "/" });
  const desk = await owner.connect(transport);
  await phone.joinSession(sessionId);
  await desk.joinSession(sessionId);
  return { owner, sessionId, phone, desk };
}

for (const transport of TRANSPORTS) {
  test(`joining a session tells what it is, over ${transport.name}`, async () => {
    const owner = await Person.register(server, "Ada");
    const session = await owner.createSession();
    const phone = await owner.connect(transport, { namespace: "/" });
    const joined = await phone.joinSession(session.id);
    assert.equal(joined.sessionId, session.id);
    assert.equal(joined.session.id, session.id);
    assert.equal(joined.session.userId, owner.id);
    assert.equal(joined.session.title, "Dinner");
    assert.deepEqual(joined.participants, [{ userId: owner.id, displayName: "Ada", online: true }]);
    assert.deepEqual(withoutVersion(await phone.hear("session_joined")), joined);
  });

  test(`two devices of one owner share a session over ${transport.name}`, async () => {
    const { owner, sessionId, phone, desk } = await twoDevices(transport);
    const payload = { sessionId, content: "Soup?", metadata: { hot: true }, clientMessageId: randomUUID() };
    const sent = dataOf(await phone.ask("send_message", payload));
    const heard = withoutVersion(await desk.hear("new_message", is(sent)));
    assert.deepEqual(withoutVersion(await phone.hear("new_message", is(sent))), heard);

    assert.deepEqual(Object.keys(heard).sort(), NEW_MESSAGE_FIELDS);
    assert.deepEqual({ ...heard, ...payload, role: "user", senderId: owner.id }, heard);
    for (const field of NEW_MESSAGE_FIELDS) assert.deepEqual(sent[field], heard[field], field);

    const history = await owner.rest("GET", `/chat/sessions/${sessionId}/messages`);
    assert.equal(history.status, 200);
    assert.deepEqual(history.body.items.map((message) => message.id), [sent.id]);
    for (const field of NEW_MESSAGE_FIELDS) assert.deepEqual(history.body.items[0][field], heard[field], field);
  });

  test(`a message posted by REST reaches the session's sockets over ${transport.name}`, async () => {
    const { owner, sessionId, phone, desk } = await twoDevices(transport);
    const posted = await owner.rest("POST", `/chat/sessions/${sessionId}/messages`, { content: "By post" });
    assert.equal(posted.status, 201, JSON.stringify(posted.body));
    for (const device of [phone, desk]) {
      const heard = await device.hear("new_message", is(posted.body));
      assert.equal(heard.content, "By post");
      assert.equal(heard.sessionId, sessionId);
    }
  });

  test(`typing in a session appears on the other device over ${transport.name}`, async () => {
    const { owner, sessionId, phone, desk } = await twoDevices(transport);
    phone.socket.emit("typing", { sessionId, isTyping: true });
    const began = await desk.hear("user_typing", (data) => data.isTyping);
    assert.deepEqual(withoutVersion(began), { sessionId, userId: owner.id, isTyping: true });
    phone.socket.emit("typing", { sessionId, isTyping: false });
    await desk.hear("user_typing", (data) => !data.isTyping);

    const sent = dataOf(await phone.ask("send_message", { sessionId, content: "Done" }));
    await phone.hear("new_message", is(sent));
    assert.deepEqual(phone.heard("user_typing"), []);
  });

  test(`a device that left the session hears nothing more over ${transport.name}`, async () => {
    const { sessionId, phone, desk } = await twoDevices(transport);
    dataOf(await desk.ask("leave_session", { sessionId }));
    assert.deepEqual(withoutVersion(await desk.hear("session_left")), { sessionId, reason: "left" });

    const unheard = dataOf(await phone.ask("send_message", { sessionId, content: "Anyone?" }));
    await phone.hear("new_message", is(unheard));
    await desk.joinSession(sessionId);
    const fence = dataOf(await desk.ask("send_message", { sessionId, content: "Back" }));
    await desk.hear("new_message", is(fence));
    assert.deepEqual(desk.heard("new_message", is(unheard)), []);
  });

  test(`a session and an absent one refuse a stranger alike over ${transport.name}`, async () => {
    const owner = await Person.register(server, "Ada");
    const stranger = await Person.register(server, "Eve");
    const session = await owner.createSession();
    const eve = await stranger.connect(transport, { namespace: "/" });

    const refusals = [];
    for (const sessionId of [session.id, randomUUID()]) {
      const ack = await eve.ask("join_session", { sessionId });
      const { code, message, recoverable } = errorOf(ack, "ROOM_ACCESS_DENIED");
      refusals.push({ code, message, recoverable });
    }
    assert.equal(refusals[0].recoverable, false);
    assert.deepEqual(refusals[0], refusals[1]);

    const emitted = await eve.hearAll(2, "error");
    for (const { code, message, recoverable } of emitted) assert.deepEqual({ code, message, recoverable }, refusals[0]);
    assert.deepEqual(eve.heard("chat:error"), []);
  });

  test(`a room is heard in the vocabulary of each socket's last join over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    await ben.joinSession(roomId);

    const hers = await ada.send(roomId, "In room words");
    const heardByBen = await ben.hear("new_message", is(hers));
    assert.equal(heardByBen.sessionId, roomId);
    assert.equal(heardByBen.content, "In room words");
    await ada.hear("chat:message:received", is(hers));

    const his = dataOf(await ben.ask("send_message", { sessionId: roomId, content: "In session words" }));
    const heardByAda = await ada.hear("chat:message:received", is(his));
    assert.equal(heardByAda.roomId, roomId);
    await ben.hear("new_message", is(his));

    ada.socket.emit("chat:typing:start", { roomId });
    const typing = await ben.hear("user_typing");
    assert.deepEqual(withoutVersion(typing), { sessionId: roomId, userId: ada.person.id, isTyping: true });

    await ben.join(roomId);
    const again = await ada.send(roomId, "In room words for both");
    await ben.hear("chat:message:received", is(again));
    assert.deepEqual(ben.heard("new_message", is(again)), []);
    assert.deepEqual(ben.heard("chat:message:received", is(hers)), []);
    assert.deepEqual(ada.heard("new_message"), []);
  });
}
