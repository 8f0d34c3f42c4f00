// The chat page: who comes in and goes, and what is put together for them. entry.js lets people in, api.js and socket.js are the
// doors, state.js is what is known, and the files that end in view.js are what is shown.

import { Api } from "./api.js";
import { bindComposer, sendWaiting } from "./composer.js";
import { $ } from "./dom.js";
import { bindEntry, showEntry } from "./entry.js";
import { serverEvents } from "./events.js";
import { bindFiles, drawUploads } from "./files.js";
import { bindHistory } from "./history.js";
import { isAtEnd } from "./logview.js";
import { bindOpenRoom, closeRoom, followAddress, interruptRoom, joinOpenRoom } from "./openroom.js";
import { bindRooms, loadRooms, noRooms, takeCounts } from "./rooms.js";
import { showConnection, showScreen, showUser } from "./screen.js";
import { SignIn, resume, signOut } from "./signin.js";
import { ChatSocket } from "./socket.js";
import { Unread } from "./unread.js";
import { Uploads } from "./uploads.js";
import { app, setApp } from "./world.js";

const COUNTED_ROOMS = 100;

async function start() {
  if (!window.io) return showScreen("missing");
  bindEntry(enter);
  $("signout").addEventListener("click", signOutHere);
  for (const bind of [bindRooms, bindOpenRoom, bindHistory, bindComposer, bindFiles]) bind();
  try {
    const signedIn = await resume();
    if (signedIn) enter(signedIn);
    else showEntry();
  } catch (error) {
    showEntry(error.message);
  }
}

function enter(signedIn) {
  const { user } = signedIn;
  const entered = { user, open: null, timelines: new Map(), names: new Map(), rooms: { mine: noRooms(), public: noRooms() } };
  setApp(entered);
  entered.signIn = new SignIn(signedIn, { onRenewed: renewSocket, onEnded: leave });
  entered.api = new Api(entered.signIn);
  entered.uploads = new Uploads({ send: (...upload) => entered.api.upload(...upload), onChange: drawUploads });
  entered.unread = new Unread(handsOfUnread(entered));
  entered.socket = new ChatSocket(entered.signIn, { onState: connectionChanged, events: serverEvents });
  showScreen("chat");
  showUser(user);
  loadRooms();
  followAddress();
}

const handsOfUnread = (entered) => ({
  isSeen: () => Boolean(entered.open?.timeline.complete) && isAtEnd() && document.visibilityState === "visible",
  lastSeq: () => entered.open?.timeline.lastSeq ?? 0,
  listed: (roomId) => entered.rooms.mine.items.find(({ id }) => id === roomId),
  tell: (roomId, seq) => entered.socket.request("chat:message:read", { roomId, seq }),
  readCounts: async () => (await entered.api.myRooms(null, COUNTED_ROOMS)).items,
  onChange: (counted = []) => app === entered && takeCounts(counted),
});

/** Signs out here; the server was told before, or is the one who wants it. */
function leave(message) {
  if (!app) return;
  closeRoom();
  app.signIn.close();
  app.socket.close();
  app.uploads.close();
  app.unread.close();
  setApp(null);
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

function connectionChanged(state) {
  showConnection(state);
  if (state !== "connected") return interruptRoom();
  app.unread.refresh();
  joinOpenRoom().then(sendWaiting);
}

start();
