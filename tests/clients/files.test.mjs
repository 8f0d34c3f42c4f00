// Files: bytes from an official client, through the server, to everybody who reads the conversation.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dataOf, errorOf, Person, TRANSPORTS, twoInARoom, WEBSOCKET } from "./people.mjs";
import { Server } from "./server.mjs";
import { WAYS } from "./versions.mjs";

const UPLOADED = "chat:file:uploaded";
const RECEIVED = "chat:message:received";
const PNG = Buffer.concat([Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), randomBytes(2_000)]);
const PATIENCE_MS = 10_000;

const server = await Server.start();
after(() => server.stop());

const upload = (roomId, data) => ({ roomId, name: "boats.png", contentType: "image/png", data });
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// A view of bytes that stand in the middle of others.
function view(bytes) {
  const around = new Uint8Array(bytes.length + 20).fill(7);
  around.set(bytes, 10);
  return around.subarray(10, 10 + bytes.length);
}

async function read(person, fileId) {
  const headers = { authorization: `Bearer ${person.token}` };
  const answer = await fetch(`${person.server.url}/files/${fileId}`, { headers });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}

async function post(person, roomId, bytes, name = "notes.txt") {
  const form = new FormData();
  form.append("file", new Blob([bytes]), name);
  form.append("roomId", roomId);
  const headers = { authorization: `Bearer ${person.token}` };
  const answer = await fetch(`${person.server.url}/files`, { method: "POST", headers, body: form });
  return { status: answer.status, body: await answer.json() };
}

// Paths of what keeps bytes.
function kept(server) {
  const folder = join(server.folder, "files");
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

async function keptAre(server, matches) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await delay(10)) if (matches(kept(server))) return;
  assert.fail(`kept are ${kept(server)}`);
}

for (const transport of TRANSPORTS) {
  test(`bytes of every kind arrive over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport, "/");
    const kinds = { Buffer: PNG, ArrayBuffer: new Uint8Array(PNG).buffer, "a view": view(PNG) };
    for (const [kind, data] of Object.entries(kinds)) {
      const accepted = dataOf(await ada.ask("chat:file:upload", upload(roomId, data)));
      assert.equal(accepted.deliveryStatus, "batch-delay", kind);
      const { fileId } = accepted;
      const { file, messageId } = await ada.hear(UPLOADED, (told) => told.file.id === fileId);
      assert.equal(file.sha256, sha256(PNG), kind);
      assert.equal(file.size, PNG.length);
      assert.equal(file.contentType, "image/png");
      const message = await ben.hear(RECEIVED, (other) => other.id === messageId);
      assert.equal(message.type, "image");
      assert.equal(message.metadata.fileId, fileId);
      const { status, headers, bytes } = await read(ben.person, fileId);
      assert.equal(status, 200);
      assert.ok(bytes.equals(PNG), `${kind}: other bytes came out than went in`);
      assert.match(headers.get("content-disposition"), /^attachment; filename="boats.png"/);
    }
  });

  test(`bytes in an envelope arrive, and their request's id comes back, over ${transport.name}`, async () => {
    const { roomId, ada } = await twoInARoom(server, transport);
    const ack = await ada.ask("chat:file:upload", { data: upload(roomId, PNG), requestId: "r-1" });
    assert.equal(ack.requestId, "r-1");
    await ada.hear(UPLOADED, (told) => told.file.id === dataOf(ack).fileId);
  });

  test(`refusals arrive over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    errorOf(await ben.ask("chat:file:upload", upload(roomId, PNG)), "PERMISSION_DENIED");
    const wrong = errorOf(await ada.ask("chat:file:upload", upload(roomId, Buffer.from("a\0b"))), "CLIENT_ERROR");
    assert.equal(wrong.details.reason, "type_not_allowed");
    const text = errorOf(await ada.ask("chat:file:upload", upload(roomId, "aGVsbG8=")), "PROTOCOL_ERROR");
    assert.equal(text.message, "`data`: must be binary data");
  });
}

for (const way of WAYS) {
  // What these send as binary over polling is not what the protocol says: docs/socketio-compatibility.md.
  if (way.isOld && !way.options.transports?.includes("websocket")) continue;
  test(`a file arrives from ${way.name}`, async () => {
    const ada = await Person.register(server, "Ada");
    const { id: roomId } = await ada.createRoom();
    const socket = await ada.connect(way);
    const { fileId } = dataOf(await socket.ask("chat:file:upload", upload(roomId, PNG)));
    await socket.hear(UPLOADED, (told) => told.file.id === fileId);
    assert.ok((await read(ada, fileId)).bytes.equals(PNG));
  });
}

test("an event carries 900 KiB, and over polling 730 KB", async () => {
  const text = (size) => Buffer.alloc(size, "a");
  const { roomId, ada } = await twoInARoom(server, WEBSOCKET);
  dataOf(await ada.ask("chat:file:upload", upload(roomId, text(900 * 1024))));
  errorOf(await ada.ask("chat:file:upload", upload(roomId, text(900 * 1024 + 1))), "CLIENT_ERROR");
  const polling = await ada.person.connect(TRANSPORTS[0]);
  dataOf(await polling.ask("chat:file:upload", upload(roomId, text(730_000))));
});

test("a form of a browser is understood", async () => {
  const ada = await Person.register(server, "Ada");
  const { id: roomId } = await ada.createRoom();
  const posted = await post(ada, roomId, "Grüße", "Grüße \"1\".txt");
  assert.equal(posted.status, 201, JSON.stringify(posted.body));
  assert.equal(posted.body.contentType, "text/plain");
  const { status, bytes } = await read(ada, posted.body.id);
  assert.deepEqual([status, bytes.toString()], [200, "Grüße"]);
  const tooLarge = await post(ada, roomId, Buffer.alloc(10 * 1024 * 1024 + 1, "a"));
  assert.equal(tooLarge.status, 413);
  assert.equal(tooLarge.body.error_code, "INVALID_REQUEST");
});

test("what was acknowledged survives kill -9, and is told of once", async () => {
  const mortal = await Server.start();
  try {
    const { roomId, ada } = await twoInARoom(mortal, WEBSOCKET);
    const files = [];
    for (let count = 0; count < 10; count += 1) {
      files.push(dataOf(await ada.ask("chat:file:upload", upload(roomId, PNG))).fileId);
    }
    await mortal.kill();
    await mortal.restart();
    for (const fileId of files) {
      for (const end = Date.now() + PATIENCE_MS; (await read(ada.person, fileId)).status !== 200; await delay(20)) {
        assert.ok(Date.now() < end, `${fileId} is lost`);
      }
      assert.ok((await read(ada.person, fileId)).bytes.equals(PNG));
    }
    const told = async () => (await ada.person.rest("GET", `/rooms/${roomId}/messages`)).body.items;
    for (const end = Date.now() + PATIENCE_MS; (await told()).length < files.length; await delay(20)) {
      assert.ok(Date.now() < end, "some files were not told of");
    }
    const named = (await told()).map((message) => message.metadata.fileId);
    assert.deepEqual(named.sort(), files.sort());
  } finally {
    await mortal.stop();
  }
});

test("an upload that kill -9 has cut off leaves nothing", async () => {
  const mortal = await Server.start();
  try {
    const ada = await Person.register(mortal, "Ada");
    const { id: roomId } = await ada.createRoom();
    const headers = {
      authorization: `Bearer ${ada.token}`,
      "content-type": "multipart/form-data; boundary=b",
    };
    const cut = request(`${mortal.url}/files`, { method: "POST", headers });
    cut.on("error", () => {});
    cut.write(`--b\r\nContent-Disposition: form-data; name="roomId"\r\n\r\n${roomId}\r\n`);
    cut.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n');
    cut.write(Buffer.alloc(1_000_000, "a"));
    await keptAre(mortal, (names) => names.some((name) => name.endsWith("#1")));
    await mortal.kill();
    assert.equal(kept(mortal).length, 1);
    await mortal.restart();
    await keptAre(mortal, (names) => names.length === 0);
  } finally {
    await mortal.stop();
  }
});
