// The official client, which pages load from the server as from the JavaScript one.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { Server } from "./server.mjs";

const DIST = new URL("node_modules/socket.io-client/dist/", import.meta.url);
const NAMES = ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"];

const server = await Server.start();
after(() => server.stop());

for (const name of NAMES) {
  test(`a page of any origin loads /socket.io/${name}, and its map`, async () => {
    for (const [file, type] of [[name, "text/javascript"], [`${name}.map`, "application/json"]]) {
      const url = `${server.url}/socket.io/${file}`;
      const answer = await fetch(url, { headers: { "sec-fetch-site": "cross-site" } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("content-type"), `${type}; charset=utf-8`);
      assert.equal(answer.headers.get("cache-control"), "no-cache");
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), readFileSync(new URL(file, DIST)));

      const tag = answer.headers.get("etag");
      const again = await fetch(url, { headers: { "if-none-match": tag } });
      assert.equal(again.status, 304);
      assert.equal(await again.text(), "");
    }
  });
}

test("what a page loads is a client", async () => {
  const script = await (await fetch(`${server.url}/socket.io/socket.io.js`)).text();
  const page = createContext({ setTimeout, clearTimeout });
  runInContext(script, page);
  assert.equal(typeof page.io, "function");
});

test("other files of that name are not there, and the rest of the path is Socket.IO's", async () => {
  const absent = await fetch(`${server.url}/socket.io/socket.io.css`);
  assert.equal(absent.status, 404);
  assert.equal((await absent.json()).error_code, "INVALID_REQUEST");
  const session = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`);
  assert.equal(session.status, 200);
  assert.match(await session.text(), /^0\{/);
});

test("a server that is told so serves no client", async () => {
  const silent = await Server.start({ HORNERO__WEBSOCKET__SERVE_CLIENT: "false" });
  try {
    const answer = await fetch(`${silent.url}/socket.io/socket.io.js`);
    assert.equal(answer.status, 404);
    await answer.arrayBuffer();
  } finally {
    await silent.stop();
  }
});
