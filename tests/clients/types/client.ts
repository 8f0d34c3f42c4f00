// What a TypeScript client writes. It is compiled, not run: the types are what is tested.

import { io, type Socket } from "socket.io-client";
import type { Ack, ClientToServerEvents, ErrorObject, MessageView, ServerToClientEvents } from "../../../docs/socket";

export const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://127.0.0.1:8080/chat", {
  auth: { token: "a token" },
});

// Answers are known by `status`, and then their data is.
export async function say(roomId: string, content: string): Promise<number> {
  const joined = await socket.emitWithAck("chat:room:join", { roomId });
  if (joined.status === "error") throw new Error(explain(joined.error));
  const names: string[] = joined.data.members.map((member) => member.displayName);
  console.log(names, joined.data.epoch, joined.requestId);

  // The payload has two parts, the room and the message; some fields have defaults.
  const sent = await socket.timeout(5_000).emitWithAck("chat:message:send", {
    roomId,
    content,
    formatting: "markdown",
    metadata: { mood: ["calm", 7] },
    clientMessageId: "m-1",
  });
  if (sent.status === "error") throw new Error(explain(sent.error));
  const message: MessageView = sent.data;
  return message.seq;
}

// An envelope is a payload too.
export function sayInEnvelope(sessionId: string): void {
  const data = { sessionId, content: "hello" };
  socket.emit("send_message", { event: "send_message", data, requestId: "r-1", version: "1.0" }, (answer) => {
    if (answer.status === "ok") console.log(answer.data.sessionId, answer.requestId);
  });
}

// An ack without data may be left out.
export function type(roomId: string): void {
  socket.emit("chat:typing:start", { roomId });
  socket.emit("chat:typing:stop", { roomId }, (answer: Ack<null>) => console.log(answer.status));
  socket.emit("typing", { sessionId: roomId, isTyping: false });
}

socket.on("chat:message:received", (message) => {
  const { content, seq, version }: { content: string | Record<string, unknown>; seq: number; version: "1.0" } = message;
  const room: string | undefined = message.roomId;
  const own: string | null = message.clientMessageId;
  console.log(content, seq, version, room, own);
});

// One event, several kinds of data: told apart by `type`.
socket.on("chat:system:notification", (notification) => {
  if (notification.type === "welcome") console.log(notification.serverVersion);
  else if (notification.type === "maintenance") console.log(notification.reconnectInMs);
  else if (notification.type === "history_gap") console.log(notification.fromSeq, notification.toSeq);
  else if ("escalation" in notification) console.log(notification.type, notification.escalation.claimedBy);
  else if (notification.type === "presence") console.log(notification.online, notification.joined.length);
  else if (notification.type === "presence_changed") console.log(notification.userId, notification.status);
  else console.log(notification.type satisfies "user_joined" | "user_left", notification.roomId);
});

// The parts of a robot's answer, and its end.
socket.on("chat:robot:response", (response) => {
  if ("delta" in response) console.log(response.index satisfies number, response.delta);
  else if ("content" in response) console.log(response.content);
  else console.log(response.error.message, response.error.details?.retryAfterMs);
});

socket.on("chat:room:joined", (joined) => console.log(joined.online, joined.requestId, joined.version));
socket.on("chat:error", (error) => console.log(explain(error)));
socket.on("error", (error) => console.log(explain(error)));

function explain({ code, message, details }: ErrorObject): string {
  const fields = details?.fields?.map((it) => `${it.field} ${it.rule}`) ?? [];
  return [code satisfies string, message, ...fields, details?.reason].join(" ");
}

// Bytes are an `ArrayBuffer`, or any view of one that has its bytes, such as Node's `Buffer`.
export async function bring(roomId: string, file: ArrayBuffer | Uint8Array): Promise<string> {
  const payload = { roomId, name: "boats.png", contentType: "image/png", data: file };
  const accepted = await socket.emitWithAck("chat:file:upload", payload);
  if (accepted.status === "error") throw new Error(explain(accepted.error));
  return accepted.data.fileId;
}

socket.on("chat:file:uploaded", ({ file, messageId }) => console.log(file.size, messageId));
