// Mistakes that the compiler must find. A line that it does not refuse fails the build, since
// then the `@ts-expect-error` before it is one too many.

import { socket } from "./client";
import type { Ack, RoomView } from "../../../docs/socket";

// An event that clients cannot send.
// @ts-expect-error
socket.emit("chat:message:sent", { roomId: "r", content: "hello" }, () => {});
// @ts-expect-error
socket.emitWithAck("chat:room:jion", { roomId: "r" });

// An event that the server does not send.
// @ts-expect-error
socket.on("chat:message:recieved", () => {});

// A field that is misspelled, is missing, is of another type, or is not one of its values.
// @ts-expect-error
socket.emitWithAck("chat:room:join", { roomID: "r" });
// @ts-expect-error
socket.emitWithAck("chat:message:send", { roomId: "r" });
// @ts-expect-error
socket.emitWithAck("chat:message:send", { content: "hello" });
// @ts-expect-error
socket.emitWithAck("chat:message:send", { roomId: "r", content: 7 });
// @ts-expect-error
socket.emitWithAck("chat:message:send", { roomId: "r", content: "hello", clientMessageID: "m" });
// @ts-expect-error
socket.emitWithAck("chat:room:create", { name: "Kitchen", visibility: "secret" });
// @ts-expect-error
socket.emit("typing", { sessionId: "s", isTyping: "yes" });

// An envelope of another event.
// @ts-expect-error
socket.emitWithAck("chat:room:join", { event: "chat:room:leave", data: { roomId: "r" } });

// An ack that is taken for something else.
// @ts-expect-error
socket.emit("chat:room:join", { roomId: "r" }, (answer: Ack<RoomView>) => console.log(answer));
// @ts-expect-error
socket.emit("chat:room:join", { roomId: "r" }, (room: RoomView) => console.log(room));
socket.emit("chat:room:join", { roomId: "r" }, (answer) => {
  // @ts-expect-error
  console.log(answer.data);
  // @ts-expect-error
  if (answer.status === "okay") return;
  // @ts-expect-error
  if (answer.status === "ok") console.log(answer.data.member_count);
});

// Data that a server event does not have.
socket.on("chat:message:received", (message) => {
  // @ts-expect-error
  console.log(message.text);
  // @ts-expect-error
  const seq: string = message.seq;
  console.log(seq);
});
socket.on("chat:system:notification", (notification) => {
  // @ts-expect-error
  console.log(notification.serverVersion);
});
socket.on("chat:error", (error) => {
  // @ts-expect-error
  if (error.code === "NOT_A_CODE") return;
});
