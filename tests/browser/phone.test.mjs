// The chat page on a phone: one thing at a time, nothing wider than the screen, nothing too small for a finger.

import assert from "node:assert/strict";
import { PHONE, scene, twoInARoom } from "./scene.mjs";

const FINGER_PX = 40;
// What a keyboard leaves of the screen.
const ABOVE_KEYBOARD = { width: PHONE.viewport.width, height: 460 };
const WIDE_TEXT = "Donaudampfschifffahrtsgesellschaft".repeat(8);
const WIDE_FILE = { name: `${WIDE_TEXT.slice(0, 200)}.txt`, mimeType: "text/plain", buffer: Buffer.from("short") };

async function fits(person, name) {
  await person.snap(`phone ${name}`);
  const wide = await person.page.locator("html, body *").evaluateAll((nodes) => nodes
    // What hides its rest, with an ellipsis, is meant to be wider inside.
    .filter((node) => node.localName === "html" || getComputedStyle(node).overflowX === "auto")
    .filter((node) => node.scrollWidth > node.clientWidth)
    .map((node) => `${node.id || node.localName}: ${node.scrollWidth} px in ${node.clientWidth}`));
  assert.deepEqual(wide, [], name);
  const targets = "button, a, input:not([type=checkbox]), textarea, label:has([type=checkbox])";
  const small = await person.page.locator(targets).evaluateAll((nodes, finger) => nodes
    .filter((node) => node.checkVisibility())
    .map((node) => ({ name: node.dataset.testid ?? node.textContent.trim(), box: node.getBoundingClientRect() }))
    .filter(({ box }) => box.height < finger || box.width < finger)
    .map((it) => `${it.name}: ${it.box.width} × ${it.box.height}`), FINGER_PX);
  assert.deepEqual(small, [], name);
}

scene("a phone's screen is wide enough, and its targets are too", async ({ visitor }) => {
  const newcomer = await visitor(PHONE);
  await newcomer.at("entry").waitFor();
  await fits(newcomer, "entry");

  const { ada, ben } = await twoInARoom(visitor, "Balcony of the house by the river, third floor, left", PHONE);
  await ada.say(WIDE_TEXT);
  await ben.sees(WIDE_TEXT);
  await ada.brings(WIDE_FILE);
  await ben.at("message-file").waitFor();
  await ben.say("Short");
  await fits(ben, "room");
  await ben.at("members-toggle").click();
  await fits(ben, "members");
  await ben.page.keyboard.press("Escape");
  await ben.at("room-back").click();
  await ben.at("rooms-mine").waitFor();
  await fits(ben, "rooms");
});

scene("a phone shows the rooms or a room, and the way back", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Landing", PHONE);
  assert.equal(await ben.at("rooms-mine").isVisible(), false);
  await ben.page.goBack();
  await ben.at("rooms-mine").waitFor();
  assert.equal(await ben.at("room").isVisible(), false);

  await ada.say("Where are you?");
  await ben.at("room-unread", "1").waitFor({ timeout: 20_000 });
  await fits(ben, "unread");
  await ben.at("room-item", "Landing").tap();
  await ben.sees("Where are you?");
  await ben.at("room-back").tap();
  await ben.at("rooms-mine").waitFor();
});

scene("what is written stays in sight above the keyboard", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Stairs", PHONE);
  for (let n = 1; n <= 12; n += 1) await ada.say(`Step ${n}\nand a rest`);
  await ben.sees("Step 12");
  await ben.at("message-input").tap();
  await ben.page.setViewportSize(ABOVE_KEYBOARD);
  await ben.at("message-input").fill("A few words\n".repeat(20));
  await ben.snap("phone keyboard");
  const inSight = (place) => place.evaluate((node) => {
    const { top, bottom } = node.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
  assert.ok(await inSight(ben.at("message-input")), "the input");
  assert.ok(await inSight(ben.at("message-send")), "the button");
  assert.ok(await inSight(ben.at("message").last()), "the newest message");
});
