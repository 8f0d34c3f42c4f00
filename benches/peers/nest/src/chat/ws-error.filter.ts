import { ArgumentsHost, Catch, ExceptionFilter } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';

// Puts a failure into the ack, where the client waits for it.
@Catch()
export class WsErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost) {
    const code = error instanceof WsException ? error.message : 'SERVER_ERROR';
    const body = { code, recoverable: code === 'SERVER_ERROR' };
    const ack = host.getArgs().find((it) => typeof it === 'function');
    ack?.({ status: 'error', error: body });
    host.switchToWs().getClient().emit('chat:error', body);
  }
}
