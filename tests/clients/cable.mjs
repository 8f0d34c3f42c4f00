// A cable between clients and the server, which can be cut, and pulled so that only the client notices.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Cable {
  #listener;
  #pairs = new Set();
  #open = true;

  static async to(server) {
    const cable = new Cable();
    cable.#listener = createServer((near) => cable.#join(near, server.port)).listen(0, "127.0.0.1");
    await once(cable.#listener, "listening");
    cable.url = `http://127.0.0.1:${cable.#listener.address().port}`;
    return cable;
  }

  // Ends all connections at both ends, and lets none through until `plug`.
  cut() {
    this.#open = false;
    for (const { near, far } of this.#pairs) near.destroy(), far.destroy();
    this.#pairs.clear();
  }

  // Ends all connections for the clients. For the server they stay open: what it writes is lost.
  pull() {
    this.#open = false;
    for (const { near, far } of this.#pairs) {
      far.unpipe(near).resume();
      near.unpipe(far).destroy();
    }
  }

  // Lets connections through again.
  plug() {
    this.#open = true;
  }

  // Ends all for good.
  remove() {
    this.cut();
    this.#listener.close();
  }

  #join(near, port) {
    if (!this.#open) return near.destroy();
    const pair = { near, far: connect(port, "127.0.0.1") };
    this.#pairs.add(pair);
    near.on("error", () => {});
    // Refused while the server is away, or reset as it dies: a client that is not told waits for nothing.
    pair.far.on("error", () => near.destroy());
    pair.far.pipe(near).pipe(pair.far, { end: false });
    near.on("end", () => this.#pairs.has(pair) && this.#open && pair.far.end());
  }
}
