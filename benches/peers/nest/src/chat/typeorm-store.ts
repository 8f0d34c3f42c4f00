import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { QueryFailedError, Repository } from 'typeorm';
import { Message } from './message.js';
import { MessageStore, type Stored } from './message-store.js';

// Keeps messages by TypeORM, as its documentation shows.
@Injectable()
export class TypeOrmStore extends MessageStore {
  constructor(@InjectRepository(Message) private readonly messages: Repository<Message>) {
    super();
  }

  async add(message: Message): Promise<Stored> {
    try {
      await this.messages.insert(message);
      return { message, repeated: false };
    } catch (error) {
      const { roomId, senderId, clientMessageId } = message;
      if (!(error instanceof QueryFailedError) || clientMessageId === null) throw error;
      const first = await this.messages.findOneByOrFail({ roomId, senderId, clientMessageId });
      return { message: first, repeated: true };
    }
  }

  newest(roomId: string, limit: number): Promise<Message[]> {
    return this.messages.find({ where: { roomId }, order: { createdAt: 'DESC' }, take: limit });
  }
}
