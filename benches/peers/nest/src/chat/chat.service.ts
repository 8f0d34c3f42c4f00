import { Injectable } from '@nestjs/common';
import type { PostMessage } from './dto.js';
import { newMessage, viewOf } from './message.js';
import { MessageStore } from './message-store.js';

@Injectable()
export class ChatService {
  constructor(private readonly store: MessageStore) {}

  // Stores a message; the gateway announces it.
  async send(roomId: string, senderId: string, { content, clientMessageId }: PostMessage) {
    const stored = await this.store.add(newMessage(roomId, senderId, content, clientMessageId));
    return { message: viewOf(stored.message), repeated: stored.repeated };
  }

  async newest(roomId: string, limit: number) {
    return (await this.store.newest(roomId, limit)).map(viewOf);
  }
}
