// The clients that people have installed, one of each protocol version and of each major step.

import { createRequire } from "node:module";
import { TRANSPORTS } from "./people.mjs";

const require = createRequire(import.meta.url);

export const VERSIONS = [
  { version: "4.8", io: require("socket.io-client").io },
  { version: "4.0", io: require("socket.io-client-4.0").io },
  { version: "3.1", io: require("socket.io-client-3.1").io },
  // Another protocol: credentials are in the query, ids are made by the client.
  { version: "2.5", io: require("socket.io-client-2.5"), isOld: true },
];

// Every version over every transport.
export const WAYS = VERSIONS.flatMap((version) =>
  TRANSPORTS.map((transport) => ({ ...version, ...transport, name: `${version.version} over ${transport.name}` })),
);
