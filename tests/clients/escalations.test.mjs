// Escalations: from the room to a supervisor, who is here or comes later.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, test } from "node:test";
import { dataOf, errorOf, Person, WEBSOCKET } from "./people.mjs";
import { binary, Server } from "./server.mjs";

const CREATED = "chat:escalation:created";

const server = await Server.start();
after(() => server.stop());

// Somebody whom an operator has made a supervisor.
async function supervisor(name) {
  const person = await Person.register(server, name);
  const { email } = (await person.rest("GET", "/auth/me")).body;
  const env = { ...process.env, HORNERO__SERVER__DATA_DIR: server.folder };
  execFileSync(binary(), ["user", "promote", email, "--to", "supervisor"], { env, cwd: server.folder });
  const login = { email, password: "correct horse battery" };
  person.token = (await person.rest("POST", "/auth/login", login)).body.accessToken;
  return person;
}

test("a supervisor who was away is told, claims, helps, and leaves", async () => {
  const [person, grace] = [await Person.register(server, "Ada"), await supervisor("Grace")];
  const { id: roomId } = await person.createRoom("private");
  const ada = await person.connect(WEBSOCKET);
  await ada.join(roomId);

  const { escalation } = dataOf(await ada.ask("chat:escalation:create", { roomId, reason: "It burns", priority: "urgent" }));
  assert.deepEqual((await ada.hear(CREATED)).escalation, escalation);

  const helper = await grace.connect(WEBSOCKET);
  assert.deepEqual((await helper.hear(CREATED)).escalation, escalation);
  errorOf(await helper.ask("chat:room:join", { roomId }), "ROOM_ACCESS_DENIED");
  assert.equal((await grace.rest("POST", `/escalations/${escalation.id}/claim`, {})).status, 200);
  assert.equal((await helper.join(roomId)).role, "moderator");
  const answer = await helper.send(roomId, "Turn it off");
  await ada.hear("chat:message:received", (message) => message.id === answer.id);
  assert.equal((await grace.rest("POST", `/escalations/${escalation.id}/resolve`, {})).status, 200);
  assert.equal((await helper.hear("chat:room:left")).reason, "permission");
  errorOf(await helper.ask("chat:message:send", { roomId, content: "Well done" }), "ROOM_ACCESS_DENIED");
  await ada.hear("chat:system:notification", (data) => data.type === "escalation_resolved");
});
