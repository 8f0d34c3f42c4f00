// What a socket is called, and what others can do with that.

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, test } from "node:test";
import { Person, TRANSPORTS } from "./people.mjs";
import { Server } from "./server.mjs";

const server = await Server.start();
after(() => server.stop());

for (const transport of TRANSPORTS) {
  test(`socket.id is the welcome's, and not the connection's, over ${transport.name}`, async () => {
    const person = await Person.register(server, "Ada");
    const ada = await person.connect(transport);
    const { socketId } = await ada.hear("chat:system:notification", (data) => data.type === "welcome");
    assert.equal(ada.socket.id, socketId);
    assert.notEqual(ada.socket.id, ada.socket.io.engine.id);
  });

  test(`two namespaces on one connection have an id each over ${transport.name}`, async () => {
    const person = await Person.register(server, "Ada");
    const chat = await person.connect(transport, { namespace: "/chat" });
    const root = chat.socket.io.socket("/", { auth: { token: person.token } });
    root.connect();
    await new Promise((resolve) => root.once("connect", resolve));
    const ids = [chat.socket.id, root.id, chat.socket.io.engine.id];
    assert.equal(new Set(ids).size, 3, ids.join());
    root.disconnect();
  });

  test(`nobody can speak as the one whose socket.id is known, over ${transport.name}`, async () => {
    const person = await Person.register(server, "Ada");
    const ada = await person.connect(transport);
    const url = `${server.url}/socket.io/?EIO=4&transport=polling&sid=${ada.socket.id}`;
    for (const request of [{}, { method: "POST", body: '42["forged"]' }]) {
      const answer = await fetch(url, request);
      await answer.arrayBuffer();
      assert.equal(answer.status, 400);
    }
    assert.equal(await upgradeStatus(ada.socket.id), 400);
    assert.deepEqual(ada.heard("chat:error"), []);
  });

  test(`a refused handshake says why, as any other error does, over ${transport.name}`, async () => {
    const person = await Person.guest(server, "Eve");
    const auth = { token: person.token, version: "2.0" };
    const error = await person.connect(transport, { auth }).catch((refusal) => refusal);
    assert.equal(error.message, "PROTOCOL_ERROR");
    const { message, ...rest } = error.data;
    assert.equal(typeof message, "string");
    assert.equal(rest.details.field, "version");
    assert.deepEqual({ ...rest, details: undefined }, {
      code: "PROTOCOL_ERROR", details: undefined, recoverable: true, version: "1.0",
    });
    const unknown = await person.connect(transport, { auth: {} }).catch((refusal) => refusal);
    assert.equal(unknown.data.code, "AUTH_FAILED");
    assert.equal(unknown.data.recoverable, false);
  });
}

// The status of an upgrade to a WebSocket with this session, which `fetch` cannot ask for.
function upgradeStatus(sid) {
  return new Promise((resolve, reject) => {
    const asked = request(`${server.url}/socket.io/?EIO=4&transport=websocket&sid=${sid}`, {
      headers: {
        connection: "Upgrade", upgrade: "websocket",
        "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    });
    asked.once("response", (answer) => resolve(answer.resume().statusCode));
    asked.once("upgrade", (_, socket) => resolve(socket.destroy() && 101));
    asked.once("error", reject);
    asked.end();
  });
}
