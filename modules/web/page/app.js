// The chat page: what happens when. entry.js lets people in, api.js and socket.js are the doors, state.js is what is known, and
// view.js what is shown.

import { Api } from "./api.js";
import { bindEntry, showEntry } from "./entry.js";
import * as fileview from "./fileview.js";
import { SignIn, resume, signOut } from "./signin.js";
import { ChatSocket } from "./socket.js";
import { Members, Timeline, newId } from "./state.js";
import { Unread } from "./unread.js";
import { Uploads } from "./uploads.js";
import * as view from "./view.js";

const { $ } = view;

const TYPING_REPEAT_MS = 3_000;
const TYPING_IDLE_MS = 5_000;
const TYPING_LAPSE_MS = 10_000;
const RETRY_MS = 3_000;
const REFRESH_MS = 300;
const HISTORY_PAGE = 50;
const COUNTED_ROOMS = 100;
/** What ends with the next connect or the next token. */
const PASSING = ["OFFLINE", "AUTH_FAILED"];

/** The signed-in user's world; null while nobody is signed in. Whoever awaits something checks that it is still the same. */
let app = null;

async function start() {
  if (!window.io) return view.showScreen("missing");
  bindEntry(enter);
  bindChat();
  try {
    const signedIn = await resume();
    if (signedIn) enter(signedIn);
    else showEntry();
  } catch (error) {
    showEntry(error.message);
  }
}

// --- In and out --------------------------------------------------------------------------------------------------------------

function enter(signedIn) {
  const { user } = signedIn;
  const entered = { user, open: null, timelines: new Map(), names: new Map(), rooms: { mine: noRooms(), public: noRooms() } };
  app = entered;
  app.signIn = new SignIn(signedIn, { onRenewed: renewSocket, onEnded: leave });
  app.api = new Api(app.signIn);
  app.uploads = new Uploads({ send: (...upload) => entered.api.upload(...upload), onChange: drawUploads });
  app.unread = new Unread({
    isSeen: () => Boolean(entered.open?.timeline.complete) && view.isAtEnd() && document.visibilityState === "visible",
    lastSeq: () => entered.open?.timeline.lastSeq ?? 0,
    listed: (roomId) => entered.rooms.mine.items.find(({ id }) => id === roomId),
    tell: (roomId, seq) => entered.socket.request("chat:message:read", { roomId, seq }),
    readCounts: async () => (await entered.api.myRooms(null, COUNTED_ROOMS)).items,
    onChange: (counted = []) => app === entered && takeCounts(counted),
  });
  app.socket = new ChatSocket(app.signIn, { onState: connectionChanged, events: serverEvents });
  view.showScreen("chat");
  view.showUser(user);
  loadRooms();
  followAddress();
}

/** Signs out here; the server was told before, or is the one who wants it. */
function leave(message) {
  if (!app) return;
  closeRoom();
  app.signIn.close();
  app.socket.close();
  app.uploads.close();
  app.unread.close();
  app = null;
  history.replaceState(null, "", "#/");
  showEntry(message);
}

/** Waits for the server: an answer that comes late would take the cookie of who signs in next. */
async function signOutHere() {
  const entered = app;
  $("signout").disabled = true;
  await signOut(entered.api);
  $("signout").disabled = false;
  if (app === entered) leave();
}

/** Shows a new token to the connection, so that it goes on; what the end of the old one has stopped is done now. */
async function renewSocket(token) {
  const { socket } = app;
  const shown = await socket.request("auth:refresh", { token }).catch(() => null);
  if (!shown || app?.socket !== socket) return;
  if (!app.open?.joined) await joinOpenRoom();
  sendWaiting();
}

// --- Room lists --------------------------------------------------------------------------------------------------------------

function noRooms() { return { items: [], cursor: null }; }

function drawRooms() {
  const mine = new Set(app.rooms.mine.items.map((room) => room.id));
  const others = app.rooms.public.items.filter((room) => !mine.has(room.id));
  view.drawRooms("mine", app.rooms.mine, app.open?.id);
  view.drawRooms("public", { ...app.rooms.public, items: others }, app.open?.id);
}

/** Rooms that this user has come into elsewhere are listed, too. */
function takeCounts(counted) {
  const { mine } = app.rooms;
  const added = counted.filter((room) => !mine.items.some(({ id }) => id === room.id) && !mine.cursor);
  mine.items.unshift(...added);
  for (const room of mine.items) Object.assign(room, counted.find(({ id }) => id === room.id));
  drawRooms();
}

async function loadRooms() {
  const { api, rooms } = app;
  await attempt(async () => {
    const [mine, open] = await Promise.all([api.myRooms(), api.publicRooms()]);
    rooms.mine = { items: mine.items, cursor: mine.nextCursor };
    rooms.public = { items: open.items, cursor: open.nextCursor };
  });
  if (app?.api === api) drawRooms();
}

async function loadMoreRooms(list, read) {
  const { api, rooms } = app;
  await attempt(async () => {
    const page = await read.call(api, rooms[list].cursor);
    rooms[list] = { items: [...rooms[list].items, ...page.items], cursor: page.nextCursor };
  });
  if (app?.api === api) drawRooms();
}

async function createRoom(form) {
  const visibility = form.elements.private.checked ? "private" : "public";
  await attempt(async () => {
    const room = await app.api.createRoom({ name: form.elements.name.value.trim(), visibility });
    form.reset();
    app.rooms.mine.items.unshift(room);
    drawRooms();
    location.hash = view.roomAddress(room.id);
  });
}

/** Runs something that may be refused, and shows why it was. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (app) view.toast(error.message);
  }
}

// --- The open room -----------------------------------------------------------------------------------------------------------

/** Opens the room that the address names, so that reload, back and a link to a room work. */
function followAddress() {
  const [, id] = location.hash.match(/^#\/rooms\/(.+)$/) ?? [];
  if (!app || app.open?.id === id) return;
  closeRoom();
  if (id) openRoom(id);
}

function openRoom(id) {
  const lists = Object.values(app.rooms).flatMap((list) => list.items);
  const timeline = app.timelines.get(id) ?? new Timeline();
  app.timelines.set(id, timeline);
  // Edits and deletions were not heard while another room was open.
  timeline.forget();
  app.open = {
    id,
    timeline,
    room: lists.find((room) => room.id === id),
    joined: false,
    /** How often the connection was lost since it was opened. */
    cuts: 0,
    members: new Members(),
    /** Who is typing, with the timer that ends it. */
    typing: new Map(),
    /** Unknown senders for whom the list of members was read again. */
    asked: new Set(),
  };
  app.unread.follow(id);
  view.showRoom(app.open);
  drawUploads();
  view.focusRoom();
  joinOpenRoom();
}

function closeRoom() {
  const { open } = app;
  if (!open) return;
  stopTyping();
  open.timeline.draft = $("input").value;
  for (const timer of open.typing.values()) clearTimeout(timer);
  if (open.joined) app.socket.tell("chat:room:leave", { roomId: open.id });
  app.open = null;
  app.unread.follow(null);
  view.showRoom(null);
}

/** Joins, after every connect anew, and reads what is missing. Every trouble that can pass is tried again. */
async function joinOpenRoom() {
  const { open, socket } = app;
  const isOpen = () => app?.open === open;
  if (!open || !socket.connected) return;
  try {
    const from = open.timeline.resumeFrom;
    const joined = await socket.request("chat:room:join", { roomId: open.id, ...from });
    if (!isOpen()) return;
    open.joined = true;
    open.timeline.joined(joined, from);
    takeMembers(open, joined);
    await readNewest(open);
    if (!isOpen()) return;
    if (!app.rooms.mine.items.some((room) => room.id === open.id)) await loadRooms();
    app?.unread.noteSeen();
    await nameRoom(open);
  } catch (error) {
    // It is tried again after the next connect, or with the next token.
    if (!isOpen() || PASSING.includes(error.code)) return;
    view.toast(error.message);
    if (error.recoverable) setTimeout(() => isOpen() && joinOpenRoom(), error.retryAfterMs ?? RETRY_MS);
    else location.hash = "#/";
  }
}

/** Asks for the room's name if it was opened by its address. */
async function nameRoom(open) {
  open.room ??= await app.api.room(open.id);
  if (app?.open === open) view.showRoomTitle(open.room);
}

/** Reads the newest page, unless what is heard follows what is here. */
async function readNewest(open) {
  const { timeline, id, cuts } = open;
  // A page from before a cut knows nothing of what was said during it.
  const isCurrent = () => app?.open === open && open.cuts === cuts && !timeline.complete;
  if (isCurrent()) {
    const page = await app.api.messages(id, { limit: HISTORY_PAGE });
    if (isCurrent()) timeline.takeNewest(page);
  }
  draw();
}

async function loadOlder() {
  const { open, api } = app;
  const query = open.timeline.older;
  if (!query) return;
  $("older").disabled = true;
  await attempt(async () => {
    const page = await api.messages(open.id, { ...query, limit: HISTORY_PAGE });
    if (open.timeline.older === query) open.timeline.takeOlder(page);
  });
  $("older").disabled = false;
  if (app?.open === open) draw();
}

let drawing = null;

/** Draws the open room's messages soon: a burst of them is drawn once. */
function draw() {
  drawing ??= setTimeout(() => {
    drawing = null;
    if (!app?.open) return;
    if (view.isAtEnd()) app.open.timeline.trim();
    view.drawMessages(app.open.timeline, { myId: app.user.id, nameOf });
    app.unread.noteSeen();
  }, 10);
}

// --- People ------------------------------------------------------------------------------------------------------------------

function takeMembers(open, joined) {
  open.members.take(joined);
  for (const member of joined.members) app.names.set(member.userId, member.displayName);
  for (const { items } of Object.values(app.rooms)) {
    for (const room of items) if (room.id === open.id) room.memberCount = open.members.total;
  }
  drawRooms();
  view.drawMembers(open.members, app.user.id);
  draw();
}

/** The end of the id is random; its beginning is a time, and alike for many. */
function nameOf(userId) {
  return app.names.get(userId) ?? `user …${String(userId).slice(-6)}`;
}

/** Reads the members again soon, once for several new ones: joining a second time changes nothing and lists them. */
function refreshMembers(open) {
  open.refresh ??= setTimeout(async () => {
    open.refresh = null;
    if (app?.open !== open) return;
    const joined = await app.socket.request("chat:room:join", { roomId: open.id }).catch(() => null);
    if (joined && app?.open === open) takeMembers(open, joined);
  }, REFRESH_MS);
}

/** Asks once who an unknown sender is; the server's list may end before them. */
function meet(userId) {
  const { open, names } = app;
  if (names.has(userId) || open.asked.has(userId)) return;
  open.asked.add(userId);
  refreshMembers(open);
}

function setOnline(userIds, online) {
  const { open, user } = app;
  if (!open) return;
  const known = userIds.map((id) => open.members.setOnline(id, online));
  if (known.includes(false)) refreshMembers(open);
  view.drawMembers(open.members, user.id);
}

function setTyping(userId, isTyping) {
  const { typing } = app.open;
  clearTimeout(typing.get(userId));
  typing.delete(userId);
  if (isTyping) typing.set(userId, setTimeout(() => app?.open?.typing === typing && setTyping(userId, false), TYPING_LAPSE_MS));
  view.showTyping([...typing.keys()].map(nameOf));
}

// --- What the server tells ---------------------------------------------------------------------------------------------------

function connectionChanged(state) {
  view.showConnection(state);
  if (state === "connected") {
    app.unread.refresh();
    return joinOpenRoom().then(sendWaiting);
  }
  if (!app.open) return;
  app.open.joined = false;
  app.open.cuts += 1;
  app.open.timeline.interrupt();
}

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

const serverEvents = {
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
    view.toast(reason === "deleted" ? "This room was deleted." : "You are no longer in this room.");
    location.hash = "#/";
    loadRooms();
  }),
  "chat:system:notification": (notice) => app && notified(notice),
  "chat:error": (error) => {
    if (error.code !== "AUTH_FAILED") view.toast(error.message);
    else if (error.recoverable) app?.signIn.renew().catch(() => {});
    else leave(error.message);
  },
};

function notified({ type, roomId, userId, joined = [], left = [] }) {
  if (roomId && roomId !== app.open?.id) return;
  if (type === "history_gap" && roomId) readAnew(app.open);
  if (type === "user_joined") setOnline([userId], true);
  if (type === "user_left") setOnline([userId], false);
  if (type === "presence") {
    setOnline(joined, true);
    setOnline(left, false);
  }
}

/** Too much was missed to be told again. */
function readAnew(open) {
  open.timeline.forget();
  attempt(() => readNewest(open));
}

// --- Writing -----------------------------------------------------------------------------------------------------------------

function sendInput() {
  const content = $("input").value;
  const { open } = app;
  if (!open || !content.trim()) return;
  stopTyping();
  view.setInput("");
  const item = { clientMessageId: newId(), content, timestamp: new Date().toISOString(), state: "waiting" };
  open.timeline.outgoing.push(item);
  deliver(open.id, item);
}

/** Sends one message. A second time does no harm: the server knows it by its clientMessageId. */
async function deliver(roomId, item) {
  const { socket, timelines } = app;
  const { clientMessageId, content } = item;
  item.state = "sending";
  draw();
  try {
    timelines.get(roomId).put(await socket.request("chat:message:send", { roomId, content, clientMessageId }));
  } catch (error) {
    item.state = PASSING.includes(error.code) ? "waiting" : "failed";
    item.error = error.message;
  }
  draw();
}

/** Sends what could not be sent while the connection was away, in every room. */
function sendWaiting() {
  for (const [roomId, timeline] of app?.timelines ?? []) {
    timeline.outgoing.filter((item) => item.state === "waiting").forEach((item) => deliver(roomId, item));
  }
}

let typingTold = 0;
let typingIdle = null;

function noteTyping() {
  if (!$("input").value.trim()) return stopTyping();
  clearTimeout(typingIdle);
  typingIdle = setTimeout(stopTyping, TYPING_IDLE_MS);
  if (Date.now() - typingTold < TYPING_REPEAT_MS) return;
  typingTold = Date.now();
  app.socket.tell("chat:typing:start", { roomId: app.open.id });
}

function stopTyping() {
  clearTimeout(typingIdle);
  if (!typingTold) return;
  typingTold = 0;
  if (app?.open) app.socket.tell("chat:typing:stop", { roomId: app.open.id });
}

// --- Files -------------------------------------------------------------------------------------------------------------------

function sendFiles(files) {
  if (!app?.open || !files.length) return;
  if (app.user.userType === "guest") return view.toast("Guests cannot send files. Sign out and register to send some.");
  app.uploads.add(app.open.id, files).forEach(view.toast);
}

function drawUploads() {
  const { open, uploads } = app ?? {};
  fileview.drawUploads(open ? uploads.items.filter(({ roomId }) => roomId === open.id) : []);
}

/** Fetches with the token what a plain link could not: the browser would ask without it. */
async function openFile(node, { picture }) {
  const { fileId, name } = { fileId: node.querySelector("a").dataset.fileId, name: node.querySelector("a").download };
  await attempt(async () => {
    const bytes = await app.api.file(fileId);
    if (picture) fileview.showPicture(node, bytes);
    else fileview.save(bytes, name);
  });
}

function bindFiles() {
  $("attach").addEventListener("click", () => $("file-input").click());
  $("file-input").addEventListener("change", ({ currentTarget }) => {
    sendFiles([...currentTarget.files]);
    // Else the same file could not be chosen again.
    currentTarget.value = "";
  });
  $("input").addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    sendFiles([...event.clipboardData.files]);
  });
  $("uploads").addEventListener("click", ({ target }) => {
    const { key } = target.closest("[data-key]").dataset;
    if (target.dataset.upload === "retry") app.uploads.retry(key);
    if (target.dataset.upload === "cancel") app.uploads.cancel(key);
  });
  $("messages").addEventListener("click", (event) => {
    const node = event.target.closest(".file");
    const [link, button] = [event.target.closest("a"), event.target.closest("button")];
    if (!node || !(link || button)) return;
    event.preventDefault();
    if (button && !node.querySelector("img").hidden) fileview.hidePicture(node);
    else openFile(node, { picture: Boolean(button) });
  });
  bindDrop();
}

function bindDrop() {
  const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  const mark = (isOver) => $("room").toggleAttribute("data-drop", isOver);
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    // Beside the room, too: the browser would leave the page and show the file.
    event.preventDefault();
    mark(Boolean(app?.open));
  });
  addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || mark(false));
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(false);
    sendFiles([...event.dataTransfer.files]);
  });
}

// --- Hands on the page -------------------------------------------------------------------------------------------------------

function bindChat() {
  view.watchScrolling(() => app?.unread.noteSeen());
  document.addEventListener("visibilitychange", () => {
    if (!app || document.visibilityState !== "visible") return;
    app.unread.noteSeen();
    app.unread.refresh();
  });
  addEventListener("hashchange", followAddress);
  $("signout").addEventListener("click", signOutHere);
  $("refresh").addEventListener("click", loadRooms);
  $("mine-more").addEventListener("click", () => loadMoreRooms("mine", Api.prototype.myRooms));
  $("public-more").addEventListener("click", () => loadMoreRooms("public", Api.prototype.publicRooms));
  $("create").addEventListener("submit", (event) => {
    event.preventDefault();
    view.whileBusy(event.currentTarget, () => createRoom($("create")));
  });
  $("older").addEventListener("click", loadOlder);
  $("newer").addEventListener("click", view.scrollToEnd);
  $("members-toggle").addEventListener("click", () => view.toggleMembers());
  addEventListener("keydown", ({ key }) => key === "Escape" && view.closeDrawer());
  bindComposer();
  bindFiles();
}

function bindComposer() {
  $("input").addEventListener("input", () => (view.fitInput(), noteTyping()));
  $("input").addEventListener("keydown", (event) => {
    // While an input method composes a word, Enter chooses it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    sendInput();
  });
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    sendInput();
    $("input").focus();
  });
  $("messages").addEventListener("click", ({ target }) => {
    const row = target.closest("[data-action]")?.closest(".message");
    if (row) resolveFailed(row.dataset.clientMessageId, target.closest("[data-action]").dataset.action);
  });
}

/** Sends a message that failed again, or throws it away. */
function resolveFailed(clientMessageId, action) {
  const { id, timeline } = app.open;
  const item = timeline.outgoing.find((candidate) => candidate.clientMessageId === clientMessageId);
  if (item && action === "retry") deliver(id, item);
  else timeline.discard(clientMessageId);
  draw();
}

start();
