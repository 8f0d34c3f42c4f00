// Entering and leaving rooms by socket.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { dataOf, errorOf, Person, TRANSPORTS, twoInARoom, WEBSOCKET, withoutVersion } from "./people.mjs";
import { Server } from "./server.mjs";

const server = await Server.start();
after(() => server.stop());

for (const transport of TRANSPORTS) {
  test(`joining tells who is there, over ${transport.name}`, async () => {
    const owner = await Person.register(server, "Ada");
    const guest = await Person.guest(server, "Ben");
    const { id: roomId } = await owner.createRoom();
    const ada = await owner.connect(transport);
    const ben = await guest.connect(transport);
    await ada.join(roomId);
    const joined = await ben.join(roomId);

    assert.equal(joined.roomId, roomId);
    assert.equal(joined.role, "member");
    assert.equal(joined.memberCount, 2);
    assert.deepEqual(joined.members[0], { userId: owner.id, displayName: "Ada", role: "owner", online: true });
    assert.deepEqual(joined.members[1], { userId: guest.id, displayName: "Ben", role: "member", online: true });
    assert.deepEqual(withoutVersion(await ben.hear("chat:room:joined")), joined);

    const notice = await ada.hear("chat:system:notification", (data) => data.type === "user_joined");
    assert.deepEqual(withoutVersion(notice), { type: "user_joined", roomId, userId: guest.id });
  });

  test(`who has left hears nothing more, over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport);
    dataOf(await ben.ask("chat:room:leave", { roomId }));
    assert.deepEqual(withoutVersion(await ben.hear("chat:room:left")), { roomId, reason: "left" });
    const notice = await ada.hear("chat:system:notification", (data) => data.type === "user_left");
    assert.deepEqual(withoutVersion(notice), { type: "user_left", roomId, userId: ben.person.id });

    const unheard = await ada.send(roomId, "Are you still there?");
    await ben.join(roomId);
    await ben.catchUp(roomId);
    assert.deepEqual(ben.heard("chat:message:received", (message) => message.id === unheard.id), []);
  });

  test(`who creates a room by socket owns it and is in it, over ${transport.name}`, async () => {
    const person = await Person.register(server, "Ada");
    const ada = await person.connect(transport);
    const created = dataOf(await ada.ask("chat:room:create", { name: "Pantry", visibility: "private" }));
    assert.deepEqual(withoutVersion(await ada.hear("chat:room:created")), created);
    assert.equal(created.room.name, "Pantry");
    assert.equal(created.room.visibility, "private");
    assert.equal(created.room.createdBy, person.id);

    const message = await ada.send(created.room.id, "First");
    await ada.hear("chat:message:received", (other) => other.id === message.id);
  });
}

test("a guest may join a public room but create none", async () => {
  const { ben } = await twoInARoom(server, WEBSOCKET);
  const posted = await ben.person.rest("POST", "/rooms", { name: "Mine", visibility: "public" });
  assert.equal(posted.status, 403);
  assert.equal(posted.body.error_code, "FORBIDDEN");
  const error = errorOf(await ben.ask("chat:room:create", { name: "Mine" }), "PERMISSION_DENIED");
  assert.equal(error.recoverable, false);
});
