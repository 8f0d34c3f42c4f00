// The chat page, as people use it.

import assert from "node:assert/strict";
import { scene, twoInARoom } from "./scene.mjs";

scene("a registered visitor and a guest chat in a new room", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Kitchen");
  await ada.say("Is the bread ready?");
  await ben.sees("Is the bread ready?");
  await ben.say("In ten minutes <b>or so</b>");
  await ada.sees("In ten minutes <b>or so</b>");
  await ada.at("message", "In ten minutes").getByTestId("message-sender").filter({ hasText: "Ben" }).waitFor();

  for (const person of [ada, ben]) {
    assert.deepEqual(await person.messages(), ["Is the bread ready?", "In ten minutes <b>or so</b>"]);
  }
  await ada.snap("room of the owner");
  await ben.snap("room of the guest");
});

scene("typing appears to the other and goes with the message", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Porch");
  await ben.write("Let me think");
  await ada.at("typing", "Ben is typing").waitFor();
  await ada.snap("typing");
  assert.equal(await ben.at("typing").textContent(), "");

  await ben.at("message-input").press("Enter");
  await ada.sees("Let me think");
  await ada.page.waitForFunction(() => document.querySelector("[data-testid=typing]").textContent === "");
});

scene("the page comes back after the server was killed", async ({ server, visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Cellar");
  await ada.say("Before the storm");
  await ben.sees("Before the storm");

  await server.kill();
  await ada.connectionIs("reconnecting");
  await ben.connectionIs("reconnecting");
  await ada.say("Written in the dark");
  await ada.snap("reconnecting");

  await server.restart();
  await ada.isConnected();
  await ben.isConnected();
  await ben.sees("Written in the dark");
  await ben.say("After the storm");
  await ada.sees("After the storm");

  const expected = ["Before the storm", "Written in the dark", "After the storm"];
  assert.deepEqual(await ada.messages(), expected);
  assert.deepEqual(await ben.messages(), expected);
  assert.equal(await ada.page.locator("[data-testid=message][data-state=sent]").count(), 3);
});

scene("a reload stays signed in and in the room", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Attic");
  await ada.say("Do not forget me");
  await ben.sees("Do not forget me");
  await ben.page.reload();
  await ben.isInRoom("Attic");
  await ben.sees("Do not forget me");
  await ben.say("I have not");
  await ada.sees("I have not");
});

scene("a guest is told that rooms are for the registered", async ({ visitor }) => {
  const ben = await visitor();
  await ben.enterAsGuest("Ben");
  await ben.at("room-create-refused").waitFor();
  assert.equal(await ben.at("room-create").isVisible(), false);
});
