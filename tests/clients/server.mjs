// A server of ours on a free port, with a data folder of its own.
// Needs nothing but Node, so that the browser suite can use it too.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 10_000;
const KEPT_OUTPUT = 16_384;
const INHERITED = /^(PATH|HOME|TMPDIR|TZ|LANG|LC_.*|RUST_.*|LLVM_PROFILE_FILE)$/;

const running = new Set();
process.on("exit", () => running.forEach((server) => server.abandon()));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

export class Server {
  #child;
  #output = "";

  // Starts a server with empty data; it answers when this resolves.
  static async start(settings = {}, program = binary()) {
    const server = new Server(program, await freePort(), mkdtempSync(join(tmpdir(), "hornero-test-")), settings);
    running.add(server);
    await server.#run().catch((error) => {
      server.abandon();
      throw error;
    });
    return server;
  }

  // The framework's example `echo` instead of the chat server: it gives back what it gets.
  static async echo(settings = {}) {
    return Server.start(settings, example("echo"));
  }

  constructor(program, port, folder, settings) {
    this.program = program;
    this.url = `http://127.0.0.1:${port}`;
    this.port = port;
    this.folder = folder;
    this.settings = settings;
  }

  // The process, for a look at what it holds.
  get pid() {
    return this.#child?.pid;
  }

  // Ends it as a power cut would, and leaves its data.
  async kill() {
    await this.#end("SIGKILL");
  }

  // Ends it as an operator would, and leaves its data.
  async halt() {
    await this.#end("SIGTERM");
  }

  // Starts it again on the same port and data.
  async restart() {
    await this.#run();
  }

  // Ends it as an operator would, and removes its data.
  async stop() {
    await this.#end("SIGTERM");
    this.abandon();
  }

  // The last resort, in one synchronous step.
  abandon() {
    this.#child?.kill("SIGKILL");
    running.delete(this);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #run() {
    const stdio = ["ignore", "pipe", "pipe"];
    const child = spawn(this.program, [], { cwd: this.folder, env: this.#environment(), stdio });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
        if (process.env.HORNERO_TEST_LOG) process.stderr.write(text);
      });
    }
    child.on("exit", (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      console.error(`the server ended by itself with ${signal ?? code}; its last words:\n${this.#output}`);
    });
    const failure = new Promise((_, reject) => {
      child.once("error", (error) => reject(new Error(`${this.program} cannot be started: ${error.message}`)));
      child.once("exit", () => reject(new Error("the server ended before it answered")));
    });
    failure.catch(() => {});
    await Promise.race([this.#answers(child), failure]);
  }

  async #answers(child) {
    const deadline = Date.now() + START_LIMIT_MS;
    while (Date.now() < deadline && child.exitCode === null) {
      const answer = await fetch(`${this.url}/auth/me`).catch(() => undefined);
      await answer?.arrayBuffer();
      // 401 of the chat server, 404 of one that has no such route.
      if (answer) return;
      await delay(20);
    }
    throw new Error(`no answer from ${this.url} within ${START_LIMIT_MS} ms; the server said:\n${this.#output}`);
  }

  async #end(signal) {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const ended = once(child, "exit");
    child.kill(signal);
    const limit = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  }

  // Nothing else is passed on: a DATABASE_URL or JWT_SECRET of whoever runs the tests would change what is tested.
  // Tests send faster than people and more that is wrong, so limits of rate are off.
  #environment() {
    const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
    return {
      ...Object.fromEntries(inherited),
      HORNERO__SERVER__PORT: String(this.port),
      HORNERO__SERVER__DATA_DIR: this.folder,
      HORNERO__RATE_LIMIT__MAX_REQUESTS: "0",
      HORNERO__RATE_LIMIT__CREDENTIALS: "0",
      HORNERO__RATE_LIMIT__HANDSHAKES: "0",
      HORNERO__RATE_LIMIT__EVENTS: "0",
      HORNERO__RATE_LIMIT__SIGNALS: "0",
      HORNERO__RATE_LIMIT__PROTOCOL_ERRORS: "0",
      ...this.settings,
    };
  }
}

export function binary() {
  return process.env.HORNERO_BIN ? resolve(process.env.HORNERO_BIN) : join(debugFolder(), "hornero");
}

function example(name) {
  return join(resolve(process.env.HORNERO_EXAMPLES ?? join(debugFolder(), "examples")), name);
}

function debugFolder() {
  return join(resolve(REPOSITORY, process.env.CARGO_TARGET_DIR ?? "target"), "debug");
}

async function freePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  await once(listener, "close");
  return port;
}
