import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Query, Req, UseGuards, ValidationPipe } from '@nestjs/common';
import { JwtGuard } from '../auth/jwt.guard.js';
import type { User } from '../auth/user.js';
import { ChatGateway } from './chat.gateway.js';
import { ChatService } from './chat.service.js';
import { ListMessages, PostMessage } from './dto.js';

const valid = () => new ValidationPipe({ whitelist: true, transform: true });

@Controller('rooms/:roomId/messages')
@UseGuards(JwtGuard)
export class MessagesController {
  constructor(
    private readonly chat: ChatService,
    private readonly gateway: ChatGateway,
  ) {}

  @Get()
  async list(@Param('roomId', ParseUUIDPipe) roomId: string, @Query(valid()) { limit = 50 }: ListMessages) {
    const found = await this.chat.newest(roomId, limit + 1);
    const items = found.slice(0, limit);
    const hasMore = found.length > limit;
    return { items, nextCursor: hasMore ? items.at(-1)!.id : null, hasMore };
  }

  @Post()
  async post(
    @Param('roomId', ParseUUIDPipe) roomId: string,
    @Req() request: { user: User },
    @Body(valid()) body: PostMessage,
  ) {
    const { message, repeated } = await this.chat.send(roomId, request.user.sub, body);
    if (!repeated) this.gateway.announce(message);
    return message;
  }
}
