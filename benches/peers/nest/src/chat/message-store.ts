import { Injectable } from '@nestjs/common';
import type { Message } from './message.js';

export interface Stored {
  message: Message;
  // Whether the client had sent it before.
  repeated: boolean;
}

// Where messages are kept.
export abstract class MessageStore {
  // Resolves when the message is durable.
  abstract add(message: Message): Promise<Stored>;
  // The newest messages of a room, newest first.
  abstract newest(roomId: string, limit: number): Promise<Message[]>;
}

// Keeps nothing.
@Injectable()
export class NoStore extends MessageStore {
  async add(message: Message): Promise<Stored> {
    return { message, repeated: false };
  }

  async newest(): Promise<Message[]> {
    return [];
  }
}
