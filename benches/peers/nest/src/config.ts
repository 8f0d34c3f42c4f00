// Everything that the environment decides.

import { createSecretKey } from 'node:crypto';

export type StoreKind = 'none' | 'typeorm' | 'sql';

export const config = {
  port: Number(process.env.PORT ?? 3000),
  store: (process.env.STORE ?? 'none') as StoreKind,
  databaseFile: process.env.DATABASE_FILE ?? 'messages.db',
  // A string makes the JWT library guess its kind of key at every token, at 0.35 ms each.
  jwtSecret: createSecretKey(Buffer.from(process.env.JWT_SECRET ?? '')),
};

// As Hornero: a message is on the disk before it is acknowledged.
export const PRAGMAS = ['journal_mode = WAL', 'synchronous = FULL'];
