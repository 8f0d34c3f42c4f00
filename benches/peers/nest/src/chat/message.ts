import { randomUUID } from 'node:crypto';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('messages')
@Index(['roomId', 'createdAt'])
@Index(['roomId', 'senderId', 'clientMessageId'], { unique: true })
export class Message {
  @PrimaryColumn('text') id: string;
  @Column('text') roomId: string;
  @Column('text') senderId: string;
  @Column('text', { nullable: true }) clientMessageId: string | null;
  @Column('text') content: string;
  @Column('integer') createdAt: number;
}

export function newMessage(roomId: string, senderId: string, content: string, clientMessageId?: string): Message {
  return { id: randomUUID(), roomId, senderId, clientMessageId: clientMessageId ?? null, content, createdAt: Date.now() };
}

// A message as clients see it.
export function viewOf(message: Message) {
  return {
    id: message.id,
    conversationId: message.roomId,
    roomId: message.roomId,
    senderId: message.senderId,
    role: 'user',
    type: 'chat',
    content: message.content,
    formatting: 'plain',
    metadata: {},
    clientMessageId: message.clientMessageId,
    deliveryStatus: 'delivered',
    timestamp: new Date(message.createdAt).toISOString(),
  };
}
