// Counts of what was not read, beside the rooms.

import assert from "node:assert/strict";
import { scene, twoInARoom } from "./scene.mjs";

const POLLED_MS = 20_000;

const unreadOf = (person, room) => person.at("room-item", room).getByTestId("room-unread");

scene("a room that is not open counts what is said there until it is read", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Library");
  await ben.page.goto(new URL("#/", ben.page.url()).href);
  await ben.at("no-room").waitFor();
  await ada.say("One");
  await ada.say("Two");
  // Nobody touches the page: it asks by itself.
  await unreadOf(ben, "Library").filter({ hasText: "2" }).waitFor({ timeout: POLLED_MS });
  assert.equal(await unreadOf(ada, "Library").isVisible(), false);
  await ben.snap("unread");

  await ben.at("room-item", "Library").click();
  await ben.sees("Two");
  await unreadOf(ben, "Library").waitFor({ state: "hidden" });
  // The server knows it, too.
  await ben.page.reload();
  await ben.sees("Two");
  await ben.page.goto(new URL("#/", ben.page.url()).href);
  const answer = ben.page.waitForResponse((one) => /\/rooms\b[^/]*$/.test(one.url()) && !one.url().includes("public"));
  await ben.at("rooms-refresh").click();
  const { items } = await (await answer).json();
  assert.deepEqual(items.map((room) => [room.name, room.unreadCount]), [["Library", 0]]);
  assert.equal(await unreadOf(ben, "Library").isVisible(), false);
});

scene("what is said below the reader's place is unread until they come there", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Tower");
  for (let n = 1; n <= 3; n += 1) await ada.say(`Page ${n} of the story.${"\nAnd on it goes.".repeat(20)}`);
  await ben.sees("Page 3");
  await ben.page.locator("#scroll").evaluate((node) => node.scrollTo(0, 0));
  await ada.say("The end");
  await unreadOf(ben, "Tower").filter({ hasText: "1" }).waitFor();
  assert.equal(await ben.page.locator("#scroll").evaluate((node) => node.scrollTop), 0);
  await ben.snap("unread below");

  // Longer than the page gathers what it tells: nothing from before is left to be told.
  await ben.page.waitForTimeout(1_000);
  await ben.at("new-messages").click();
  // Before the page asks the server for its counts.
  await unreadOf(ben, "Tower").waitFor({ state: "hidden", timeout: 3_000 });
});
