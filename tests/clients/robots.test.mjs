// Robots: asked by one, heard by all, in parts and then whole.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { dataOf, errorOf, Person, TRANSPORTS, twoInARoom, WEBSOCKET, withoutVersion } from "./people.mjs";
import { Server } from "./server.mjs";

const RESPONSE = "chat:robot:response";
const RECEIVED = "chat:message:received";

const server = await Server.start({ HORNERO__SESSIONS__ASSISTANT: "echo" });
after(() => server.stop());

const done = (data) => data.done === true;
const part = (data) => !done(data);

for (const transport of TRANSPORTS) {
  test(`echo answers in parts and with a message over ${transport.name}`, async () => {
    const { roomId, ada, ben } = await twoInARoom(server, transport, "/");
    const prompt = "¿Está listo el pan? 🍞";

    const asked = dataOf(await ada.ask("chat:robot:interact", { roomId, prompt }));

    for (const connection of [ada, ben]) {
      const end = withoutVersion(await connection.hear(RESPONSE, done));
      assert.deepEqual(end, { roomId, messageId: asked.messageId, done: true, content: prompt });
      const parts = connection.heard(RESPONSE, part);
      assert.deepEqual(parts.map((one) => one.index), [...parts.keys()]);
      assert.ok(parts.every((one) => one.deliveryStatus === "streaming" && one.messageId === asked.messageId));
      assert.equal(parts.map((one) => one.delta).join(""), prompt);
      const [question, answer] = connection.heard(RECEIVED);
      assert.deepEqual([question.id, question.type], [asked.promptId, "chat"]);
      assert.deepEqual([answer.id, answer.type, answer.role], [asked.messageId, "robot", "assistant"]);
    }
    errorOf(await ben.ask("chat:robot:interact", { roomId, prompt }), "PERMISSION_DENIED");
  });

  test(`the assistant answers in a session over ${transport.name}`, async () => {
    const person = await Person.register(server, "Ada");
    const { id: sessionId } = await person.createSession();
    const ada = await person.connect(transport, { namespace: "/" });
    await ada.joinSession(sessionId);

    dataOf(await ada.ask("send_message", { sessionId, content: "Good morning" }));

    const answer = await ada.hear("new_message", (message) => message.role === "assistant");
    assert.equal(answer.content, "Good morning");
    const parts = ada.heard("assistant_delta");
    assert.equal(parts.map((one) => one.delta).join(""), "Good morning");
    assert.ok(parts.every((one) => one.messageId === answer.id));
  });
}

test("an answer that a killed server was giving is kept as far as it had come", async () => {
  const robot = await Robot.start();
  const settings = {
    HORNERO__ROBOTS__NAMED__SLOW__URL: robot.url,
    HORNERO__ROBOTS__DEFAULT: "slow",
  };
  const server = await Server.start(settings);
  try {
    const person = await Person.register(server, "Ada");
    const { id: roomId } = await person.createRoom();
    const auth = (to) => to({ token: person.token, conversations: { [roomId]: 0 } });
    const ada = await person.connect(WEBSOCKET, { auth });
    const { messageId } = dataOf(await ada.ask("chat:robot:interact", { roomId, prompt: "Well?" }));
    await ada.hear(RESPONSE, part);
    // How far it is, is noted once a second.
    await delay(2_500);

    await server.kill();
    await server.restart();

    const kept = await ada.hear(RECEIVED, (message) => message.id === messageId, 10_000);
    assert.deepEqual([kept.content, kept.metadata.incomplete], ["Let me see", true]);
    const end = await ada.hear(RESPONSE, done, 10_000);
    assert.equal(end.messageId, messageId);
    assert.equal(end.error.code, "SERVER_ERROR");
  } finally {
    await server.stop();
    robot.stop();
  }
});

// Begins to answer, and never ends.
class Robot {
  static async start() {
    const listener = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: "Let me see" } }] })}\n\n`);
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const robot = new Robot();
    robot.url = `http://127.0.0.1:${listener.address().port}/v1`;
    robot.stop = () => {
      listener.closeAllConnections();
      listener.close();
    };
    return robot;
  }
}
