import { Injectable } from '@nestjs/common';
import Database from 'better-sqlite3';
import { config, PRAGMAS } from '../config.js';
import type { Message } from './message.js';
import { MessageStore, type Stored } from './message-store.js';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS messages(
    id TEXT PRIMARY KEY, roomId TEXT NOT NULL, senderId TEXT NOT NULL, clientMessageId TEXT,
    content TEXT NOT NULL, createdAt INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS messages_of_room ON messages(roomId, createdAt);
  CREATE UNIQUE INDEX IF NOT EXISTS messages_once ON messages(roomId, senderId, clientMessageId);
`;

// Keeps messages by prepared statements: the fastest way there is on Node.
@Injectable()
export class SqlStore extends MessageStore {
  private readonly insert: Database.Statement;
  private readonly first: Database.Statement;
  private readonly page: Database.Statement;

  constructor() {
    super();
    const database = new Database(config.databaseFile);
    PRAGMAS.forEach((pragma) => database.pragma(pragma));
    database.exec(SCHEMA);
    this.insert = database.prepare(
      `INSERT INTO messages VALUES (@id, @roomId, @senderId, @clientMessageId, @content, @createdAt)
       ON CONFLICT DO NOTHING`,
    );
    this.first = database.prepare(
      `SELECT * FROM messages
       WHERE roomId = @roomId AND senderId = @senderId AND clientMessageId = @clientMessageId`,
    );
    this.page = database.prepare('SELECT * FROM messages WHERE roomId = ? ORDER BY createdAt DESC LIMIT ?');
  }

  async add(message: Message): Promise<Stored> {
    if (this.insert.run(message).changes > 0) return { message, repeated: false };
    return { message: this.first.get(message) as Message, repeated: true };
  }

  async newest(roomId: string, limit: number): Promise<Message[]> {
    return this.page.all(roomId, limit) as Message[];
  }
}
