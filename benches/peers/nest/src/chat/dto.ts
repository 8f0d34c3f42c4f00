import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, IsUUID, Length, Max, Min } from 'class-validator';

export class JoinRoom {
  @IsUUID() roomId: string;
}

// Body of POST /rooms/:id/messages.
export class PostMessage {
  @IsString() @Length(1, 10_000) content: string;
  @IsOptional() @IsString() @Length(1, 128) clientMessageId?: string;
}

export class SendMessage extends PostMessage {
  @IsUUID() roomId: string;
}

export class ListMessages {
  @IsOptional() @Transform(({ value }) => Number(value)) @IsInt() @Min(1) @Max(100) limit?: number;
}
