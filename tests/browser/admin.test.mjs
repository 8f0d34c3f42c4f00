// The official Admin UI of Socket.IO, as operators use it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { Server, binary } from "../clients/server.mjs";
import { scene } from "./scene.mjs";

const PASSWORD = "correct horse battery";
const UI = join(dirname(createRequire(import.meta.url).resolve("@socket.io/admin-ui/package.json")), "ui/dist");
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml" };

// The UI at an origin of its own, as at admin.socket.io.
async function serveUi() {
  const ui = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://ui");
    const name = pathname === "/" ? "index.html" : pathname;
    try {
      const file = readFileSync(join(UI, name));
      response.setHeader("content-type", TYPES[extname(name)] ?? "application/octet-stream");
      response.end(file);
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, "127.0.0.1");
  await once(ui, "listening");
  return ui;
}

scene("an operator sees who is connected in the official Admin UI, and sends one away", async ({ visitor }) => {
  const ui = await serveUi();
  const origin = `http://127.0.0.1:${ui.address().port}`;
  const hash = execFileSync(binary(), ["hash-password"], { input: PASSWORD, encoding: "utf8" }).trim();
  const server = await Server.start({
    HORNERO__SERVER__CORS__ORIGINS: origin,
    HORNERO__ADMIN__ENABLED: "true",
    HORNERO__ADMIN__PASSWORD_HASH: hash,
    HORNERO__ADMIN__READ_ONLY: "false",
  });
  try {
    const ada = await visitor();
    await ada.page.goto(server.url);
    await ada.register("Ada");

    const operator = await visitor({ viewport: { width: 1_300, height: 850 } });
    const { page } = operator;
    await page.goto(origin);
    const login = async (password) => {
      await page.getByLabel("Server URL").fill(server.url);
      await page.getByLabel("Username").fill("admin");
      await page.getByLabel("Password").fill(password);
      await page.getByRole("button", { name: "Connect" }).first().click();
    };
    await login("wrong horse battery");
    await page.getByText("AUTH_FAILED").or(page.getByText("Invalid credentials")).first().waitFor();
    await login(PASSWORD);
    await page.getByRole("row").filter({ hasText: "/chat" }).waitFor();
    await operator.snap("admin dashboard");

    await page.goto(`${origin}/#/sockets/`);
    await page.getByText("Select namespace").waitFor();
    await page.locator(".v-select").filter({ hasText: "Select namespace" }).click();
    await page.getByRole("option", { name: "/chat" }).click();
    const row = page.getByRole("row").filter({ hasText: "127.0.0.1" });
    await row.waitFor();
    await operator.snap("admin sockets");
    await row.getByRole("button").click();
    // Whoever is sent away by the server does not come back by itself.
    await ada.page.locator("[data-testid=connection]:not([data-state=connected])").waitFor({ state: "attached" });
    await operator.snap("admin socket");
  } finally {
    await server.stop();
    ui.close();
  }
});
