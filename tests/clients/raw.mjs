// Clients that say what no client says: requests, sockets and frames by hand.

import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const UPGRADE = {
  connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": KEY,
};

export const path = (transport, sid) =>
  `/socket.io/?EIO=4&transport=${transport}${sid === undefined ? "" : `&sid=${sid}`}`;

// Status and text of an answer; 101 for an upgrade, which is closed at once.
export function ask(server, path, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const asked = request(server.url + path, { method, headers, agent: false });
    asked.once("upgrade", (_, socket) => resolve(socket.destroy() && { status: 101 }));
    asked.once("error", reject);
    asked.once("response", async (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      for await (const part of answer) text += part;
      resolve({ status: answer.statusCode, text });
    });
    asked.end(body);
  });
}

export const upgrade = (server, sid, headers = {}) =>
  ask(server, path("websocket", sid), { headers: { ...UPGRADE, ...headers } });

// A session of a client that polls.
export class Polling {
  static async open(server) {
    const { text } = await ask(server, path("polling"));
    return new Polling(server, JSON.parse(text.slice(1)).sid);
  }

  constructor(server, sid) {
    this.server = server;
    this.sid = sid;
  }

  poll() {
    return ask(this.server, path("polling", this.sid));
  }

  post(body) {
    return ask(this.server, path("polling", this.sid), { method: "POST", body });
  }
}

// A WebSocket of which only the server's side follows the rules.
export class Wire {
  static async open(server, sid) {
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    const heads = { host: `127.0.0.1:${server.port}`, ...UPGRADE };
    const lines = Object.entries(heads).map(([name, value]) => `${name}: ${value}`);
    socket.write([`GET ${path("websocket", sid)} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
    const wire = new Wire(socket);
    await wire.has("\r\n\r\n");
    return wire;
  }

  constructor(socket) {
    this.socket = socket;
    this.heard = "";
    socket.on("data", (data) => {
      this.heard += data.toString("latin1");
      socket.emit("heard");
    });
    // Who is attacked may break the connection.
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    this.isClosed = false;
    this.closed.then(() => (this.isClosed = true));
  }

  // Resolves when these characters have come, or the connection is closed.
  async has(text) {
    while (!this.heard.includes(text) && !this.isClosed) {
      await Promise.race([once(this.socket, "heard"), this.closed]);
    }
    return this.heard.includes(text);
  }

  write(bytes) {
    return new Promise((resolve) => this.socket.write(bytes, resolve));
  }

  // Comes in as a client does.
  async enter(token) {
    await this.write(frame(`40${JSON.stringify({ token })}`));
    if (!(await this.has('40{"sid"'))) throw new Error("not let in");
  }
}

// A frame of a client, masked by zeros.
export function frame(payload, { first = 0x81, isMasked = true } = {}) {
  const data = Buffer.from(payload);
  const mask = isMasked ? 0x80 : 0;
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(data.length));
  let size = [data.length];
  if (data.length > 125) size = [126, ...long.subarray(6)];
  if (data.length > 0xffff) size = [127, ...long];
  size[0] |= mask;
  return Buffer.concat([Buffer.from([first, ...size]), Buffer.alloc(isMasked ? 4 : 0), data]);
}
