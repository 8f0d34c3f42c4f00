// Long histories on the chat page.

import assert from "node:assert/strict";
import { scene } from "./scene.mjs";
import { author } from "./author.mjs";

const texts = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => `Line ${from + n}.`);

scene("older messages come by pages, as they are now", async ({ server, visitor }) => {
  const ada = await author(server, "Ada");
  const room = await ada.room("Archive");
  const said = [];
  for (const text of texts(1, 120)) said.push(await ada.says(room, text));
  await ada.edits(said[4], "Line 5, better.");
  await ada.deletes(said[5]);

  const ben = await visitor();
  await ben.enterAsGuest("Ben");
  await ben.enterRoom("Archive");
  await ben.sees("Line 120.");
  assert.deepEqual(await ben.messages(), texts(71, 120));

  const top = () => ben.at("message", "Line 71.").evaluate((node) => node.getBoundingClientRect().top);
  await ben.at("load-older").scrollIntoViewIfNeeded();
  const before = await top();
  await ben.at("load-older").click();
  await ben.at("message-content", "Line 21.").waitFor({ state: "attached" });
  assert.ok(Math.abs((await top()) - before) < 60, `the reader's place moved from ${before} to ${await top()}`);
  await ben.snap("older messages");
  await ben.at("load-older").click();
  await ben.at("load-older").waitFor({ state: "hidden" });
  const lines = texts(1, 120);
  lines.splice(4, 2, "Line 5, better.");
  assert.deepEqual(await ben.messages(), lines);
  await ben.at("message", "Line 5, better.").getByText("edited").waitFor();
});

scene("a reader above the end stays there while messages come, change and go", async ({ server, visitor }) => {
  const ada = await author(server, "Ada");
  const room = await ada.room("Attic stairs");
  const said = [];
  for (const text of texts(1, 40)) said.push(await ada.says(room, text));
  const ben = await visitor();
  await ben.enterAsGuest("Ben");
  await ben.enterRoom("Attic stairs");
  await ben.sees("Line 40.");
  const end = () => ben.page.locator("#scroll").evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight);
  assert.ok((await end()) < 2, `${await end()} px from the end`);

  await ben.page.locator("#scroll").evaluate((node) => node.scrollTo(0, 0));
  await ada.says(room, "News.");
  await ben.at("new-messages").waitFor();
  assert.equal(await ben.page.locator("#scroll").evaluate((node) => node.scrollTop), 0);
  await ada.edits(said[1], "Line 2, <b>better</b>.");
  await ben.at("message-content", "Line 2, <b>better</b>.").waitFor();
  await ada.deletes(said[2]);
  await ben.at("message-content", "Line 3.").waitFor({ state: "detached" });
  await ben.at("new-messages").click();
  await ada.says(room, "More news.");
  await ben.sees("More news.");
  assert.ok((await end()) < 2, `${await end()} px from the end`);
});
