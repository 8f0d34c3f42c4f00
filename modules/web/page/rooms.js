// The lists of rooms: the own ones, and the public ones that may be joined.

import { Api } from "./api.js";
import { $ } from "./dom.js";
import { drawRooms as drawList, roomAddress } from "./roomsview.js";
import { whileBusy } from "./screen.js";
import { app, attempt } from "./world.js";

export function noRooms() { return { items: [], cursor: null }; }

export function drawRooms() {
  const mine = new Set(app.rooms.mine.items.map((room) => room.id));
  const others = app.rooms.public.items.filter((room) => !mine.has(room.id));
  drawList("mine", app.rooms.mine, app.open?.id);
  drawList("public", { ...app.rooms.public, items: others }, app.open?.id);
}

/** Rooms that this user has come into elsewhere are listed, too. */
export function takeCounts(counted) {
  const { mine } = app.rooms;
  const added = counted.filter((room) => !mine.items.some(({ id }) => id === room.id) && !mine.cursor);
  mine.items.unshift(...added);
  for (const room of mine.items) Object.assign(room, counted.find(({ id }) => id === room.id));
  drawRooms();
}

export async function loadRooms() {
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
    location.hash = roomAddress(room.id);
  });
}

export function bindRooms() {
  $("refresh").addEventListener("click", loadRooms);
  $("mine-more").addEventListener("click", () => loadMoreRooms("mine", Api.prototype.myRooms));
  $("public-more").addEventListener("click", () => loadMoreRooms("public", Api.prototype.publicRooms));
  $("create").addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(event.currentTarget, () => createRoom($("create")));
  });
}
