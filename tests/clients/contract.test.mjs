// The types that the server makes for TypeScript clients, and the documents beside them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Server } from "./server.mjs";

const server = await Server.start();
after(() => server.stop());

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const document = (name) => readFile(path(`../../docs/${name}`), "utf8");

test("the compiler takes a client that is right, and refuses every mistake in one that is not", async () => {
  const tsc = path("node_modules/typescript/bin/tsc");
  const compiling = promisify(execFile)(process.execPath, [tsc, "--project", path("types")]);
  await compiling.catch((error) => assert.fail(`tsc says:\n${error.stdout}${error.stderr}`));
});

for (const [name, type] of [
  ["openapi.json", "application/json"],
  ["asyncapi.json", "application/json"],
  ["socket.d.ts", "text/plain; charset=utf-8"],
]) {
  test(`${name} is served as it is committed, once`, async () => {
    const answer = await fetch(`${server.url}/${name}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), type);
    assert.equal(await answer.text(), await document(name));

    const headers = { "If-None-Match": answer.headers.get("etag") };
    const again = await fetch(`${server.url}/${name}`, { headers });
    assert.equal(again.status, 304);
  });
}

test("every reference in the documents leads somewhere", async () => {
  for (const name of ["openapi.json", "asyncapi.json"]) {
    const whole = JSON.parse(await document(name));
    JSON.stringify(whole, (key, value) => {
      if (key !== "$ref") return value;
      const target = value.slice(2).split("/").reduce((node, part) => node?.[unescape(part)], whole);
      assert.ok(target, `${name}: ${value}`);
      return value;
    });
  }
});

// "/rooms" stands as "~1rooms" in a JSON pointer.
const unescape = (part) => part.replaceAll("~1", "/").replaceAll("~0", "~");
