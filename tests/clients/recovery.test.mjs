// A client whose connection is lost is recovered: it is who it was, and has missed nothing.

import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Cable } from "./cable.mjs";
import { Person, TRANSPORTS, WEBSOCKET } from "./people.mjs";
import { Server } from "./server.mjs";

const RECEIVED = "chat:message:received";

// How an operator turns it on.
const ON = { HORNERO__WEBSOCKET__RECOVERY__MAX_DISCONNECTION_MS: "120000" };

const server = await Server.start(ON);
after(() => server.stop());

const cables = new Set();
afterEach(() => {
  cables.forEach((cable) => cable.remove());
  cables.clear();
});

// Ada, who has a room, and Ben, who has joined it over a cable. Nobody else listens there.
async function benOnACable(transport, { at = server, auth } = {}) {
  const [ada, ben] = [await Person.register(at, "Ada"), await Person.register(at, "Ben")];
  const { id: roomId } = await ada.createRoom();
  const say = async (content) => {
    const { status, body } = await ada.rest("POST", `/rooms/${roomId}/messages`, { content });
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  ben.server = await Cable.to(at);
  cables.add(ben.server);
  const connection = await ben.connect(transport, auth && { auth: auth(ben, roomId) });
  await connection.join(roomId);
  await settled(connection, transport);
  return { say, ben: connection, cable: ben.server, roomId };
}

// Waits until the client has changed to the transport that it stays with.
async function settled(connection, transport) {
  const { engine } = connection.socket.io;
  while (!transport.options.transports && engine.transport.name !== "websocket") await delay(5);
}

// Plugs the cable in, and waits until the client is back by itself.
async function plugged(cable, connection) {
  const back = connection.next("connect");
  cable.plug();
  await back;
}

const contents = (connection) => connection.heard(RECEIVED).map((message) => message.content);

async function hearUpTo(connection, content) {
  await connection.hear(RECEIVED, (message) => message.content === content);
}

for (const transport of TRANSPORTS) {
  for (const [end, what] of [["cut", "a connection that was cut"], ["pull", "a connection that is half open"]]) {
    test(`${what} is recovered over ${transport.name}`, async () => {
      const { say, ben, cable, roomId } = await benOnACable(transport);
      await say("1");
      await hearUpTo(ben, "1");
      const { id } = ben.socket;
      assert.equal(ben.socket.recovered, false);

      for (const round of [1, 2]) {
        const gone = ben.next("disconnect");
        cable[end]();
        await gone;
        await say(`${round}.a`);
        await say(`${round}.b`);
        await plugged(cable, ben);
        assert.equal(ben.socket.recovered, true);
        assert.equal(ben.socket.id, id);
        await settled(ben, transport);
        await say(`${round}.c`);
        await hearUpTo(ben, `${round}.c`);
      }
      assert.deepEqual(contents(ben), ["1", "1.a", "1.b", "1.c", "2.a", "2.b", "2.c"]);
      assert.equal((await ben.send(roomId, "still a member")).senderId, ben.person.id);
      assert.notEqual(ben.socket.id, ben.socket.io.engine.id);
    });
  }

  test(`a client that has disconnected by itself is a new one over ${transport.name}`, async () => {
    const { say, ben } = await benOnACable(transport);
    await say("1");
    await hearUpTo(ben, "1");
    const { id } = ben.socket;
    ben.socket.disconnect();
    const back = ben.next("connect");
    ben.socket.connect();
    await back;
    assert.equal(ben.socket.recovered, false);
    assert.notEqual(ben.socket.id, id);
  });
}

test("what was recovered is not sent a second time to whom names the rooms, too", async () => {
  let lastSeq = 0;
  const auth = ({ token }, roomId) => (to) => to({ token, conversations: { [roomId]: lastSeq } });
  const { say, ben, cable } = await benOnACable(WEBSOCKET, { auth });
  ben.socket.on(RECEIVED, ({ eventSeq }) => (lastSeq = eventSeq));
  await say("1");
  await hearUpTo(ben, "1");
  const joined = ben.heard("chat:room:joined").length;
  cable.cut();
  await say("2");
  await plugged(cable, ben);
  assert.equal(ben.socket.recovered, true);
  await say("3");
  await hearUpTo(ben, "3");
  assert.deepEqual(contents(ben), ["1", "2", "3"]);
  assert.equal(ben.heard("chat:room:joined").length, joined);
});

test("a server that was started anew recovers nobody, and sends what was missed to whom says what it has seen", async () => {
  const mortal = await Server.start(ON);
  try {
    let lastSeq = 0;
    const auth = ({ token }, roomId) => (to) => to({ token, conversations: { [roomId]: lastSeq } });
    const { say, ben } = await benOnACable(WEBSOCKET, { at: mortal, auth });
    ben.socket.on(RECEIVED, ({ eventSeq }) => (lastSeq = eventSeq));
    await say("1");
    await hearUpTo(ben, "1");
    const { id } = ben.socket;
    const back = ben.next("connect");
    await mortal.kill();
    // Long enough to try while nobody is there.
    await delay(200);
    await mortal.restart();
    await back;
    assert.equal(ben.socket.recovered, false);
    assert.notEqual(ben.socket.id, id);
    await say("2");
    await hearUpTo(ben, "2");
    assert.deepEqual(contents(ben), ["1", "2"]);
  } finally {
    await mortal.stop();
  }
});

test("a client that was away for too long is a new one", async () => {
  const impatient = await Server.start({ HORNERO__WEBSOCKET__RECOVERY__MAX_DISCONNECTION_MS: "200" });
  try {
    const { ben, cable } = await benOnACable(WEBSOCKET, { at: impatient });
    cable.cut();
    await delay(500);
    await plugged(cable, ben);
    assert.equal(ben.socket.recovered, false);
  } finally {
    await impatient.stop();
  }
});

test("who is not let in any more is refused, and not recovered", async () => {
  const { ben, cable } = await benOnACable(WEBSOCKET);
  const { person, socket } = ben;
  cable.cut();
  const logout = new Person(server);
  logout.token = person.token;
  assert.equal((await logout.rest("POST", "/auth/logout")).status, 204);
  const refused = new Promise((resolve) => {
    socket.on("connect_error", (error) => error.data && resolve(error));
  });
  cable.plug();
  assert.equal((await refused).message, "AUTH_FAILED");
  assert.equal(socket.connected, false);
});
