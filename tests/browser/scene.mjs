// A scene is a test with visitors: each one has a browser context of their own, as if sitting at another computer.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { Server } from "../clients/server.mjs";

const PATIENCE_MS = 10_000;
const CHROMIUMS = ["chromium", "chromium-browser", "google-chrome"].map((name) => `/usr/bin/${name}`);
const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

const pictures =
  process.env.HORNERO_SCREENSHOTS ?? fileURLToPath(new URL("../../target/browser", import.meta.url));
mkdirSync(pictures, { recursive: true });

const browser = await launch();
after(() => browser.close());
const common = await Server.start();
after(() => common.stop());

// Runs `act` with a server and a way to bring in visitors; with settings, the server is one of its own. When it fails, every
// visitor's screen is kept as a picture.
export function scene(title, act, settings) {
  test(title, async () => {
    const server = settings ? await Server.start(settings) : common;
    const visitors = [];
    const visitor = async (options, url = server.url) => {
      visitors.push(await Visitor.arrive(url, options));
      return visitors.at(-1);
    };
    try {
      await act({ server, visitor });
      for (const { mishaps } of visitors) assert.deepEqual(mishaps, []);
    } catch (error) {
      for (const [n, one] of visitors.entries()) await one.snap(`failed ${title} ${n + 1}`).catch(() => {});
      throw error;
    } finally {
      for (const one of visitors) await one.page.context().close();
      if (settings) await server.stop();
    }
  });
}

// A registered visitor who opened a room, and a guest who joined it from the list.
export async function twoInARoom(visitor, room, guestsScreen) {
  const ada = await visitor();
  const ben = await visitor(guestsScreen);
  await ada.register("Ada");
  await ada.createRoom(room);
  await ben.enterAsGuest("Ben");
  await ben.enterRoom(room);
  await ada.at("member", "Ben").waitFor({ state: "attached" });
  return { ada, ben };
}

class Visitor {
  // Exceptions of the page, whatever the test was looking at.
  mishaps = [];

  static async arrive(url, options = {}) {
    const context = await browser.newContext(options);
    const visitor = new Visitor(await context.newPage());
    await visitor.page.goto(url);
    return visitor;
  }

  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.mishaps.push(String(error)));
  }

  // The element with this data-testid, narrowed to those with a text.
  at(testId, text) {
    const found = this.page.getByTestId(testId);
    return text === undefined ? found : found.filter({ hasText: text });
  }

  async register(displayName) {
    await this.at("tab-register").click();
    await this.at("register-name").fill(displayName);
    await this.at("register-email").fill(`${crypto.randomUUID()}@example.org`);
    await this.at("register-password").fill("correct horse battery");
    await this.at("register-submit").click();
    await this.isConnected();
  }

  async enterAsGuest(displayName) {
    await this.at("tab-guest").click();
    await this.at("guest-name").fill(displayName);
    await this.at("guest-submit").click();
    await this.isConnected();
  }

  isConnected() {
    return this.connectionIs("connected");
  }

  connectionIs(state) {
    return this.page.locator(`[data-testid=connection][data-state=${state}]`).waitFor({ state: "attached" });
  }

  async createRoom(name) {
    await this.at("room-name").fill(name);
    await this.at("room-create").click();
    await this.isInRoom(name);
  }

  async enterRoom(name) {
    await this.at("rooms-refresh").click();
    await this.at("rooms-public").getByTestId("room-item").filter({ hasText: name }).click();
    await this.isInRoom(name);
  }

  // The members are listed when the server has answered the join.
  async isInRoom(name) {
    await this.at("room-title", name).waitFor();
    await this.at("member").first().waitFor({ state: "attached" });
  }

  write(text) {
    return this.at("message-input").pressSequentially(text);
  }

  async say(text) {
    await this.at("message-input").fill(text);
    await this.at("message-input").press("Enter");
    await this.sees(text);
  }

  // Brings files by the page's own picker: `{name, mimeType, buffer}`.
  async brings(...files) {
    await this.at("file-input").setInputFiles(files);
  }

  // The bytes that the page saves when this file is clicked.
  async fetches(name) {
    const arrival = this.page.waitForEvent("download");
    await this.at("file-link", name).click();
    const download = await arrival;
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  }

  sees(text) {
    return this.at("message-content", text).waitFor();
  }

  // The texts in the room, from top to bottom.
  messages() {
    return this.at("message-content").allTextContents();
  }

  async snap(name) {
    await this.page.screenshot({ path: join(pictures, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.png`) });
  }
}

function launch() {
  const executablePath = process.env.HORNERO_CHROMIUM ?? CHROMIUMS.find(existsSync);
  if (!executablePath) throw new Error("Chromium is not there: install it, or name its file in HORNERO_CHROMIUM");
  const args = process.getuid?.() === 0 ? [...QUIET, "--no-sandbox"] : QUIET;
  return chromium.launch({ executablePath, args });
}
