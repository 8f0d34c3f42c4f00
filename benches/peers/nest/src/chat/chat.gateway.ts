import { UseFilters, UsePipes, ValidationPipe } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import {
  ConnectedSocket, MessageBody, OnGatewayInit, SubscribeMessage, WebSocketGateway, WebSocketServer, WsException,
} from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import type { User } from '../auth/user.js';
import { ChatService } from './chat.service.js';
import { JoinRoom, SendMessage } from './dto.js';
import { WsErrorFilter } from './ws-error.filter.js';

@UseFilters(new WsErrorFilter())
@UsePipes(new ValidationPipe({ whitelist: true, exceptionFactory: () => new WsException('CLIENT_ERROR') }))
@WebSocketGateway({ namespace: '/chat' })
export class ChatGateway implements OnGatewayInit {
  @WebSocketServer() server: Namespace;

  constructor(
    private readonly jwt: JwtService,
    private readonly chat: ChatService,
  ) {}

  afterInit(namespace: Namespace) {
    namespace.use((socket, next) => {
      try {
        socket.data.user = this.jwt.verify<User>(socket.handshake.auth?.token);
        next();
      } catch {
        next(new Error('AUTH_FAILED'));
      }
    });
  }

  @SubscribeMessage('chat:room:join')
  async join(@ConnectedSocket() socket: Socket, @MessageBody() { roomId }: JoinRoom) {
    await socket.join(roomId);
    return { status: 'ok', data: { roomId } };
  }

  @SubscribeMessage('chat:message:send')
  async send(@ConnectedSocket() socket: Socket, @MessageBody() event: SendMessage) {
    if (!socket.rooms.has(event.roomId)) throw new WsException('ROOM_ACCESS_DENIED');
    const { message, repeated } = await this.chat.send(event.roomId, socket.data.user.sub, event);
    if (!repeated) this.announce(message);
    return { status: 'ok', data: message };
  }

  announce(message: { roomId: string }) {
    this.server.to(message.roomId).emit('chat:message:received', { ...message, version: '1.0' });
  }
}
