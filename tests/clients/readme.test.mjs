// The README's tour, as a newcomer would follow it: what is printed must be what is written.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Server } from "./server.mjs";

const REPOSITORY = new URL("../../", import.meta.url);
const README = readFileSync(new URL("README.md", REPOSITORY), "utf8");
const BLOCKS = [...README.matchAll(/```(\w+)\n(.*?)```/gs)].map(([, language, text]) => ({ language, text }));

const folder = mkdtempSync(join(tmpdir(), "hornero-readme-"));
after(() => rmSync(folder, { recursive: true, force: true }));

// Each command in a shell of its own, which finds the variables that the ones before have set.
function run(command, url) {
  const script = command.replace(/^URL=.*$/m, `URL=${url}`);
  const keeping = `touch env; . ./env\n${script}\ndeclare -p URL TOKEN ROOM > env 2> /dev/null || true`;
  return execFileSync("bash", ["-c", keeping], { cwd: folder, encoding: "utf8" });
}

// Ids, times and tokens are other ones each time.
function normalised(text) {
  return text
    .trim()
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "<time>")
    .replace(/"(access|refresh)Token":"[^"]+"/g, '"$1Token":"<token>"');
}

function variable(name) {
  return readFileSync(join(folder, "env"), "utf8").match(new RegExp(`${name}="([^"]*)"`))[1];
}

// Starts the listener of the tour, and resolves when it has joined.
async function listen(code) {
  symlinkSync(fileURLToPath(new URL("node_modules", import.meta.url)), join(folder, "node_modules"));
  writeFileSync(join(folder, "listen.mjs"), code);
  const child = spawn(process.execPath, ["listen.mjs", variable("URL"), variable("ROOM")], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const listener = { printed: "", ended: once(child, "close") };
  await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the listener ended before it had joined")));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      listener.printed += text;
      if (listener.printed.includes("members")) resolve();
    });
  });
  return listener;
}

test("the README's tour prints what it says", { timeout: 60_000 }, async () => {
  const server = await Server.start();
  try {
    let listener;
    let commands = 0;
    for (const [index, { language, text }] of BLOCKS.entries()) {
      if (language === "js") listener = await listen(text);
      if (language !== "sh") continue;
      const expected = BLOCKS[index + 1];
      assert.equal(expected.language, "json", "each command stands before what it prints");
      assert.equal(normalised(run(text, server.url)), normalised(expected.text));
      commands += 1;
    }
    await listener.ended;
    const shown = README.split("The guest's terminal shows:")[1].match(/```text\n(.*?)```/s)[1];
    assert.equal(listener.printed, shown);
    assert.equal(commands, 4);
  } finally {
    await server.stop();
  }
});

test("the module in the README is a part of the real one", () => {
  const real = readFileSync(new URL("modules/chat/module.rs", REPOSITORY), "utf8");
  const snippet = BLOCKS.find(({ language }) => language === "rust").text;
  const lines = snippet.split("\n").map((line) => line.split("//")[0].replace(/;$/, "").trim()).filter(Boolean);
  assert.ok(lines.length > 5);
  for (const line of lines) assert.ok(real.includes(line), `${line} is not in modules/chat/module.rs`);
});

test("every file that the documentation links to is there", () => {
  const pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/delivery.md", "docs/rest.md", "docs/events.md"];
  for (const page of pages) {
    const url = new URL(page, REPOSITORY);
    const links = [...readFileSync(url, "utf8").matchAll(/\]\((?!https?:)([^)#]+)/g)];
    for (const [, link] of links) readFileSync(new URL(link, url));
  }
});
