// What the server tells, and what becomes of it.

import { draw, readAnew } from "./history.js";
import { meet, setOnline, takeCrowd } from "./people.js";
import { loadRooms } from "./rooms.js";
import { noteStop, toast } from "./screen.js";
import { setTyping } from "./typing.js";
import { app } from "./world.js";

/** Makes a listener of what is numbered: whoever comes back goes on after the last number. */
function numbered(listener) {
  return inOpenRoom((data, open) => {
    open.timeline.heard(data);
    listener(data, open);
  });
}

/** Makes a listener that hears only what concerns the open room. */
function inOpenRoom(listener) {
  return (data) => app?.open?.id === data.roomId && data.roomId && listener(data, app.open);
}

/** Functions of an event's data, by its name. */
export const serverEvents = {
  "chat:message:received": numbered((message, { timeline }) => {
    timeline.put(message);
    if (message.senderId !== app.user.id && message.role !== "system") meet(message.senderId);
    if (message.senderId !== app.user.id) app.unread.heard();
    setTyping(message.senderId, false);
    draw();
  }),
  // The same user has read elsewhere.
  "chat:message:read": inOpenRoom(({ userId }) => userId === app.user.id && app.unread.refresh()),
  "chat:message:updated": numbered((message, { timeline }) => (timeline.update(message), draw())),
  "chat:message:deleted": numbered(({ messageId }, { timeline }) => (timeline.remove(messageId), draw())),
  "chat:conversation:cleared": numbered(({ throughSeq }, { timeline }) => (timeline.clear(throughSeq), draw())),
  "chat:user:typing": inOpenRoom(({ userId, isTyping }) => {
    if (userId !== app.user.id) setTyping(userId, isTyping);
  }),
  "chat:room:left": inOpenRoom(({ reason }, open) => {
    if (reason === "left") return;
    open.joined = false;
    toast(reason === "deleted" ? "This room was deleted." : "You are no longer in this room.");
    location.hash = "#/";
    loadRooms();
  }),
  "chat:system:notification": (notice) => app && notified(notice),
  "chat:error": (error) => {
    if (error.code !== "AUTH_FAILED") toast(error.message);
    else if (error.recoverable) app?.signIn.renew().catch(() => {});
    else app?.signIn.end(error.message);
  },
};

function notified(notice) {
  const { type, roomId, userId } = notice;
  if (type === "maintenance") noteStop();
  if (!roomId || roomId !== app.open?.id) return;
  if (type === "history_gap") readAnew(app.open);
  if (type === "user_joined") setOnline(userId, true);
  if (type === "user_left") setOnline(userId, false);
  if (type === "presence") takeCrowd(notice);
}
