// Plain socket.io: the same events, tokens and answers, checked by hand, nothing stored.

import { createServer } from "node:http";
import { createSecretKey, randomUUID } from "node:crypto";
import jwt from "jsonwebtoken";
import { Server } from "socket.io";

// A string makes the JWT library guess its kind of key at every token, at 0.35 ms each.
const SECRET = createSecretKey(Buffer.from(process.env.JWT_SECRET ?? ""));
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const http = createServer((_, response) => response.end());
const chat = new Server(http).of("/chat");

chat.use((socket, next) => {
  try {
    socket.data.user = jwt.verify(socket.handshake.auth?.token, SECRET, { algorithms: ["HS256"] });
    next();
  } catch {
    next(new Error("AUTH_FAILED"));
  }
});

chat.on("connection", (socket) => {
  socket.on("chat:room:join", (event, ack) => {
    if (!UUID.test(event?.roomId)) return ack?.(failed("CLIENT_ERROR"));
    socket.join(event.roomId);
    ack?.({ status: "ok", data: { roomId: event.roomId } });
  });

  socket.on("chat:message:send", (event, ack) => {
    if (!isMessage(event)) return ack?.(failed("CLIENT_ERROR"));
    if (!socket.rooms.has(event.roomId)) return ack?.(failed("ROOM_ACCESS_DENIED"));
    const message = messageOf(event, socket.data.user.sub);
    chat.to(event.roomId).emit("chat:message:received", { ...message, version: "1.0" });
    ack?.({ status: "ok", data: message });
  });
});

http.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");

function isMessage(event) {
  const { roomId, content, clientMessageId } = event ?? {};
  const isText = (value, most) => typeof value === "string" && value.length > 0 && value.length <= most;
  const isId = clientMessageId === undefined || isText(clientMessageId, 128);
  return UUID.test(roomId) && isText(content, 10_000) && isId;
}

function messageOf({ roomId, content, clientMessageId }, senderId) {
  return {
    id: randomUUID(),
    conversationId: roomId,
    roomId,
    senderId,
    role: "user",
    type: "chat",
    content,
    formatting: "plain",
    metadata: {},
    clientMessageId: clientMessageId ?? null,
    deliveryStatus: "delivered",
    timestamp: new Date().toISOString(),
  };
}

function failed(code) {
  return { status: "error", error: { code, recoverable: false } };
}
