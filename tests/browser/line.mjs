// A line to a server that can be cut for whoever uses it, while the server goes on for all others.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export async function line(server) {
  const ends = new Set();
  let isCut = false;
  const listener = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(server.port, "127.0.0.1");
    for (const [one, other] of [[near, far], [far, near]]) {
      ends.add(one);
      one.on("error", () => {}).on("close", () => (ends.delete(one), other.destroy()));
      one.pipe(other);
    }
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const cut = () => {
    isCut = true;
    for (const end of ends) end.destroy();
  };
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    cut,
    mend: () => (isCut = false),
    close: () => (cut(), listener.close()),
  };
}
