import { Module, type Provider } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { config, PRAGMAS } from '../config.js';
import { ChatGateway } from './chat.gateway.js';
import { ChatService } from './chat.service.js';
import { Message } from './message.js';
import { MessageStore, NoStore } from './message-store.js';
import { MessagesController } from './messages.controller.js';
import { SqlStore } from './sql-store.js';
import { TypeOrmStore } from './typeorm-store.js';

const database: TypeOrmModuleOptions = {
  type: 'better-sqlite3',
  database: config.databaseFile,
  entities: [Message],
  synchronize: true,
  prepareDatabase: (db) => PRAGMAS.forEach((pragma) => db.pragma(pragma)),
};

const stores = { none: NoStore, typeorm: TypeOrmStore, sql: SqlStore };
const store: Provider = { provide: MessageStore, useClass: stores[config.store] };

@Module({
  imports: [
    JwtModule.register({ secret: config.jwtSecret as never, verifyOptions: { algorithms: ['HS256'] } }),
    ...(config.store === 'typeorm' ? [TypeOrmModule.forRoot(database), TypeOrmModule.forFeature([Message])] : []),
  ],
  controllers: [MessagesController],
  providers: [store, ChatService, ChatGateway],
})
export class ChatModule {}
