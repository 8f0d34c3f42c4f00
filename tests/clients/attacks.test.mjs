// What nobody should send: the server answers or closes, lives, keeps nothing of it, and serves others.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, afterEach, test as within } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Person, TRANSPORTS, twoInARoom, WEBSOCKET } from "./people.mjs";
import { Polling, Wire, ask, frame, path, upgrade } from "./raw.mjs";
import { Server } from "./server.mjs";

const CONNECT_TIMEOUT_MS = 1_000;
const PATIENCE_MS = 15_000;

// An attack that is answered by nothing is to be named.
const test = (name, attack) => within(name, { timeout: 60_000 }, attack);

// Packets that no client sends, as texts of Engine.IO.
const GARBAGE = [
  "", "x", "9", "4", "49", "4x", "40{", "40[]", "40nothing", "40/", "40/chat", "40/chat{", "40,", "40/chat,[1]",
  "41", "41/nowhere,", "42", "42[", "42[]", "42{}", '42["', '42[1]', '42["chat:message:send"', '42["a",{"b":]',
  "42null", '42/nowhere,["a"]', '4299999999999999999999["a"]', '42-1["a"]', "43", "43[1]", "431[1]", "430[", "44",
  '44{"message":"no"}', "45", '451-["a"]', '451-["a",{"_placeholder":true,"num":0}]',
  '4599999999999-["a",{"_placeholder":true,"num":0}]', '451-["a",{"_placeholder":true,"num":7}]', '45-["a"]',
  "46", '461-["a"]', "460-", "2", "2probe", "3probe", "5", "6", "0", "1", "bAAAA", "b", "b!!!", "\u0000", "\ufffd",
  `42${"[".repeat(10_000)}`, `42["chat:room:join",${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}]`,
  `42["${"e".repeat(100_000)}"]`, `40/${"n".repeat(100_000)},`, "4\u{1f35e}", '42["\\ud800"]',
];

const server = await Server.start({
  HORNERO__WEBSOCKET__CONNECT_TIMEOUT_MS: String(CONNECT_TIMEOUT_MS),
  // So that it does not take long until those are given up who answer nothing.
  HORNERO__WEBSOCKET__PING_INTERVAL_MS: "2000",
  HORNERO__WEBSOCKET__PING_TIMEOUT_MS: "2000",
});
after(() => server.stop());
const pid = server.pid;

// Files and sockets that the server holds; where nothing can be read, everything is in order.
function held() {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

const memory = () => {
  try {
    return Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) * 1_024;
  } catch {
    return 0;
  }
};

// What `fetch` keeps open is among what is held.
const warm = await twoInARoom(server, WEBSOCKET);
warm.ada.socket.disconnect();
warm.ben.socket.disconnect();
await delay(500);
const atRest = held();

// Who attacks has an account like anybody else.
const mallory = await Person.register(server, "Mallory");

// After every attack.
afterEach(async () => {
  assert.equal(server.pid, pid, "the process has ended");
  const { roomId, ada, ben } = await twoInARoom(server, WEBSOCKET);
  const message = await ada.send(roomId, "Are you well?");
  await ben.hear("chat:message:received", ({ id }) => id === message.id);
  ada.socket.disconnect();
  ben.socket.disconnect();
  const deadline = Date.now() + PATIENCE_MS;
  while (held() > atRest + 4 && Date.now() < deadline) await delay(50);
  assert.ok(held() <= atRest + 4, `${held()} files and sockets are held, ${atRest} were at rest`);
});

function soon(promise, what = "it") {
  const late = delay(PATIENCE_MS, undefined, { ref: false }).then(() => assert.fail(`${what} takes too long`));
  return Promise.race([promise, late]);
}

test("a session is taken over neither by a socket's id nor by a guess", async () => {
  for (const transport of TRANSPORTS) {
    const person = await Person.register(server, "Ada");
    const ada = await person.connect(transport);
    const { socketId } = await ada.hear("chat:system:notification", ({ type }) => type === "welcome");
    for (const sid of [socketId, ada.socket.id, socketId.slice(0, 16), "AAAAAAAAAAAAAAAA", "", "%00", "x".repeat(5_000)]) {
      const thief = new Polling(server, sid);
      assert.equal((await thief.post('42/chat,["chat:room:create",{"name":"Mine"}]')).status, 400, sid);
      assert.equal((await thief.poll()).status, 400, sid);
      assert.equal((await upgrade(server, sid)).status, 400, sid);
    }
    assert.equal(ada.socket.connected, true);
    ada.socket.disconnect();
  }
});

test("pages of other origins are refused, by polling and by upgrade", async () => {
  const own = server.url;
  for (const origin of ["https://evil.example", "null", `${own}.evil.example`, own.replace("http", "https") + "1", "http://127.0.0.1:1"]) {
    for (const headers of [{ origin }, { origin, cookie: "access_token=any" }]) {
      assert.equal((await ask(server, path("polling"), { headers })).status, 403, origin);
      assert.equal((await upgrade(server, undefined, headers)).status, 403, origin);
    }
  }
  assert.equal((await ask(server, path("polling"), { headers: { origin: own } })).status, 200);
  assert.equal((await upgrade(server, undefined, { origin: own })).status, 101);
});

test("requests that are none are refused", async () => {
  const wrong = [
    "/socket.io/", "/socket.io/?EIO=4", "/socket.io/?transport=polling", "/socket.io/?EIO=5&transport=polling",
    "/socket.io/?EIO=4&transport=carrier-pigeon", 
    "/socket.io/?EIO=4&transport=websocket", "/socket.io/?EIO=%34&transport=polling", "/socket.io/elsewhere",
  ];
  for (const path of wrong) {
    const { status } = await ask(server, path);
    assert.ok(status >= 400 && status < 500, `${status} for ${path}`);
  }
  for (const method of ["PUT", "DELETE", "PATCH"]) {
    const { status } = await ask(server, path("polling"), { method, body: "4" });
    assert.ok(status >= 400 && status < 500, `${status} for ${method}`);
  }
});

test("garbage over polling is answered or ends the session", async () => {
  for (const packet of GARBAGE) {
    for (const enters of [false, true]) {
      const client = await Polling.open(server);
      if (enters) await client.post(`40${JSON.stringify({ token: mallory.token })}`);
      const { status } = await soon(client.post(packet));
      assert.ok([200, 400, 413].includes(status), `${status} for ${packet.slice(0, 60)}`);
      await client.post("1");
    }
  }
  for (const body of [Buffer.from([0xff, 0xfe]), Buffer.from("4\xf0\x9f", "latin1"), Buffer.alloc(1_000, 0x1e)]) {
    const client = await Polling.open(server);
    const { status } = await soon(client.post(body));
    assert.ok([200, 400, 413].includes(status), `${status}`);
    await client.post("1");
  }
});

test("garbage over a WebSocket is answered or ends it", async () => {
  for (const packet of GARBAGE) {
    const wire = await Wire.open(server);
    await wire.enter(mallory.token);
    for (const first of [0x81, 0x82]) await wire.write(frame(packet, { first }));
    wire.socket.end();
    await soon(wire.closed, packet.slice(0, 60));
  }
});

test("frames against the rules of WebSocket end it", async () => {
  const against = {
    "a frame that is not masked": frame("2", { isMasked: false }),
    "reserved bits": frame("2", { first: 0xf1 }),
    "an unknown kind": frame("2", { first: 0x83 }),
    "an unknown control frame": frame("2", { first: 0x8b }),
    "a ping in pieces": frame("2", { first: 0x09 }),
    "a ping that is too long": frame("x".repeat(126), { first: 0x89 }),
    "a continuation of nothing": frame("2", { first: 0x80 }),
    "text that is no UTF-8": frame(Buffer.from([0x34, 0x32, 0xff, 0xfe])),
    "a length that is endless": Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
    "no frame at all": Buffer.from("GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
  };
  for (const [what, bytes] of Object.entries(against)) {
    const wire = await Wire.open(server);
    await wire.enter(mallory.token);
    await wire.write(bytes);
    await soon(wire.closed, what);
  }
});

test("frames and bodies that end in the middle keep nothing", async () => {
  for (const cut of [1, 2, 5, 7]) {
    const wire = await Wire.open(server);
    await wire.enter(mallory.token);
    await wire.write(frame('42["chat:room:join",{}]').subarray(0, cut));
    wire.socket.destroy();
  }
  const wire = await Wire.open(server);
  await wire.enter(mallory.token);
  // Binary parts are announced that never come.
  await wire.write(frame('453-["chat:message:send",{"_placeholder":true,"num":0}]'));
  wire.socket.destroy();
});

test("characters are whole however they are cut", async () => {
  const { roomId, ada } = await twoInARoom(server, WEBSOCKET);
  const content = "¿Está listo? 🍞 パン";
  const packet = Buffer.from(`42/chat,["chat:message:send",${JSON.stringify({ roomId, content })}]`);
  const auth = JSON.stringify({ token: ada.person.token });
  let count = 0;
  for (const size of [1, 2, 3]) {
    // In pieces of TCP, and in pieces of WebSocket, each of which may end within a character.
    for (const isFragmented of [false, true]) {
      const wire = await Wire.open(server);
      await wire.write(frame(`40/chat,${auth}`));
      assert.ok(await wire.has("40/chat,{"));
      const parts = [];
      for (let at = 0; at < packet.length; at += size) {
        const first = (at === 0 ? 1 : 0) | (at + size >= packet.length ? 0x80 : 0);
        parts.push(frame(packet.subarray(at, at + size), { first }));
      }
      const bytes = isFragmented ? Buffer.concat(parts) : frame(packet);
      for (let at = 0; at < bytes.length; at += 7) await wire.write(bytes.subarray(at, at + 7));
      const heard = await ada.hearAll((count += 1), "chat:message:received");
      assert.equal(heard.at(-1).content, content);
      wire.socket.destroy();
    }
  }
});

test("who connects to a namespace twice is still one", async () => {
  const { ada } = await twoInARoom(server, WEBSOCKET);
  const packet = `40/chat,${JSON.stringify({ token: ada.person.token })}`;
  const wire = await Wire.open(server);
  for (let n = 0; n < 100; n += 1) await wire.write(frame(packet));
  assert.ok(await wire.has("40/chat,{"));
  await delay(200);
  const answers = wire.heard.split("40/chat,{").length - 1;
  assert.equal(answers, 1, wire.heard.slice(0, 500));
  wire.socket.destroy();
});

test("namespaces that are not there are refused, as many as are asked for", async () => {
  const wire = await Wire.open(server);
  for (let n = 0; n < 2_000; n += 1) await wire.write(frame(`40/nowhere-${n},`));
  assert.ok(await wire.has("44/nowhere-0,"));
  assert.match(wire.heard, /44\/nowhere-0,\{"message":"Invalid namespace"\}/);
  wire.socket.destroy();
});

test("half-open sessions end by themselves, however many", async () => {
  const before = memory();
  const polling = [];
  const wires = [];
  for (let n = 0; n < 500; n += 1) {
    const client = await Polling.open(server);
    polling.push(client);
    // Some say nothing over a WebSocket, and some begin an upgrade that they do not finish.
    if (n % 2 === 0) wires.push(await Wire.open(server, n % 4 === 0 ? client.sid : undefined));
  }
  await soon(Promise.all(wires.map((wire) => wire.closed)));
  for (const client of polling) {
    const deadline = Date.now() + PATIENCE_MS;
    let answer = await client.poll();
    while (answer.status === 200 && Date.now() < deadline) answer = await client.poll();
    assert.equal(answer.status, 400);
  }
  const grown = memory() - before;
  assert.ok(grown < 100 * 1_048_576, `${grown} bytes more`);
});

test("connections that say nothing do not keep others out", async () => {
  const silent = await Promise.all(
    Array.from({ length: 300 }, async () => new Wire((await import("node:net")).connect(server.port, "127.0.0.1"))),
  );
  for (const wire of silent) await wire.write("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: x\r\nx: ");
  const person = await Person.guest(server, "Ben");
  const ben = await person.connect(WEBSOCKET);
  assert.equal(ben.socket.connected, true);
  for (const wire of silent) wire.socket.destroy();
});

test("a flood is answered and forgotten", async () => {
  const limited = await Server.start({ HORNERO__RATE_LIMIT__EVENTS: "10", HORNERO__RATE_LIMIT__EVENTS_BURST: "20" });
  try {
    const { roomId, ada, ben } = await twoInARoom(limited, WEBSOCKET);
    let refused = 0;
    const answered = Array.from({ length: 5_000 }, (_, n) =>
      ada.ask("chat:message:send", { roomId, content: `message ${n}` }).then((ack) => {
        if (ack.status === "error") refused += Number(ack.error.code === "RATE_LIMITED");
      }),
    );
    // Others are answered meanwhile.
    await ben.send(roomId, "I am not to blame");
    await Promise.all(answered);
    assert.ok(refused > 4_800, `${refused} refused`);
  } finally {
    await limited.stop();
  }
});

test("what is too large is refused, and the next one is not", async () => {
  const client = await Polling.open(server);
  assert.equal((await client.post(`42["a","${"x".repeat(1_000_000)}"]`)).status, 413);
  const wire = await Wire.open(server);
  await wire.enter(mallory.token);
  const head = Buffer.alloc(14);
  head.writeUInt8(0x81, 0);
  head.writeUInt8(0x80 | 127, 1);
  head.writeBigUInt64BE(1_000_001n, 2);
  await wire.write(head);
  // 1009: the message is too big.
  assert.ok(await soon(wire.has("\x88\x02\x03\xf1")), wire.heard);
  wire.socket.destroy();
  assert.equal((await Polling.open(server).then((next) => next.post("40"))).status, 200);
});
