// The client of docs/delivery.md: it hears everything once and in order across a killed server.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Person } from "./people.mjs";
import { Server } from "./server.mjs";

const page = readFileSync(new URL("../../docs/delivery.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, text]) => text);
// What is said comes by standard input, a line for each message.
const driver = `
import { createInterface } from "node:readline";
createInterface({ input: process.stdin }).on("line", send);
`;
// Here, where the packages are found.
const file = fileURLToPath(new URL(`delivery-${process.pid}.tmp.mjs`, import.meta.url));
after(() => rmSync(file, { force: true }));

// Starts the page's client; `heard(n)` resolves with what it has printed, once that is n lines.
function start(...args) {
  const child = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  let printed = "";
  const lines = () => printed.split("\n").slice(0, -1);
  child.stdout.setEncoding("utf8").on("data", (text) => (printed += text));
  const heard = async (count) => {
    while (lines().length < count) await once(child.stdout, "data");
    return lines();
  };
  return { child, heard, say: (text) => child.stdin.write(`${text}\n`) };
}

test("the client of docs/delivery.md misses nothing while the server is killed", { timeout: 60_000 }, async () => {
  assert.equal(blocks.length, 2);
  writeFileSync(file, blocks.join("\n") + driver);
  const server = await Server.start();
  const ada = await Person.register(server, "Ada");
  const ben = await Person.guest(server, "Ben");
  const { id: roomId } = await ada.createRoom();
  const post = (content) => ada.rest("POST", `/rooms/${roomId}/messages`, { content });
  await post("one");
  const client = start(server.url, ben.token, roomId);
  try {
    assert.deepEqual(await client.heard(1), ["1 chat:message:received one"]);
    client.say("two");
    await client.heard(2);

    await server.kill();
    client.say("three");
    await server.restart();
    await post("four");
    await client.heard(4);
    await post("five");

    const lines = await client.heard(5);
    assert.deepEqual(lines.map((it) => it.split(" ")[0]), ["1", "2", "3", "4", "5"]);
    assert.deepEqual(lines.map((it) => it.split(" ")[2]).sort(), ["five", "four", "one", "three", "two"]);
  } finally {
    client.child.kill();
    await server.stop();
  }
});
