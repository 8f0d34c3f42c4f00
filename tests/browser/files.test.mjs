// Files on the chat page: from one visitor's disk to another's.

import assert from "node:assert/strict";
import { scene, twoInARoom } from "./scene.mjs";

const DOT = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const NOTES = Buffer.from("Flour, water, salt.\nA <b>name</b> is no markup.\n".repeat(4_000));

scene("a file arrives with the same bytes", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Bakery");
  await ada.brings({ name: "<b>notes.txt", mimeType: "text/plain", buffer: NOTES });
  await ben.at("message-file", "<b>notes.txt").waitFor();
  await ben.at("message-file", "188 KiB").waitFor();

  const { name, bytes } = await ben.fetches("notes");
  assert.match(name, /notes\.txt$/);
  assert.ok(bytes.equals(NOTES), `${bytes.length} bytes`);
  assert.equal(await ada.at("upload").count(), 0);
  await ben.snap("file");
});

scene("a picture is shown when asked for, and only from the bytes that were fetched", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Gallery");
  await ada.brings({ name: "dot.png", mimeType: "image/png", buffer: DOT });
  await ben.at("message-file", "dot.png").waitFor();
  assert.equal(await ben.at("file-picture").isVisible(), false);

  await ben.at("file-show").click();
  await ben.at("file-picture").waitFor();
  await ben.page.waitForFunction(() => document.querySelector("[data-testid=file-picture]").naturalWidth === 1);
  assert.match(await ben.at("file-picture").getAttribute("src"), /^blob:/);
  await ben.at("file-show", "Hide picture").click();
  await ben.at("file-picture").waitFor({ state: "hidden" });
});

scene("a file that is dropped on the room is sent", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Yard");
  await ada.page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["from the desk"], "dropped.txt", { type: "text/plain" }));
    for (const kind of ["dragover", "drop"]) {
      const event = new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
      document.querySelector("[data-testid=room]").dispatchEvent(event);
    }
  });
  assert.equal(String((await ben.fetches("dropped.txt")).bytes), "from the desk");
});

scene("files that cannot be sent are refused in words", async ({ visitor }) => {
  const { ada, ben } = await twoInARoom(visitor, "Gate");
  const asked = [];
  ada.page.on("request", (request) => request.url().endsWith("/files") && asked.push(request.method()));
  await ada.brings({ name: "film.bin", mimeType: "video/mp4", buffer: Buffer.alloc(10 * 1024 * 1024 + 1) });
  await ada.at("toast", "film.bin was not sent").waitFor();
  assert.deepEqual(asked, []);

  await ada.brings({ name: "tool.exe", mimeType: "text/plain", buffer: Buffer.from("MZ\0\x01\x02\0".repeat(50)) });
  await ada.at("upload-state", "Not sent").waitFor();
  await ada.snap("file refused");
  assert.deepEqual(asked, ["POST"]);
  await ada.at("upload-cancel", "Discard").click();
  await ada.at("upload").waitFor({ state: "detached" });

  assert.equal(await ben.at("file-attach").isVisible(), false);
  await ben.brings({ name: "guest.txt", mimeType: "text/plain", buffer: NOTES });
  await ben.at("toast", "Guests cannot send files").waitFor();
});

scene("an upload shows how far it is, and can be cancelled", async ({ visitor }) => {
  const { ada } = await twoInARoom(visitor, "Harbour");
  const client = await ada.page.context().newCDPSession(ada.page);
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100_000 };
  await client.send("Network.enable");
  await client.send("Network.emulateNetworkConditions", slow);
  await ada.brings({ name: "cargo.txt", mimeType: "text/plain", buffer: Buffer.alloc(3_000_000, "x") });
  await ada.page.waitForFunction(() => {
    const { value } = document.querySelector("[data-testid=upload] progress") ?? {};
    return value > 0 && value < 1;
  });
  await ada.snap("file on its way");
  await ada.at("upload-cancel", "Cancel").click();
  await ada.at("upload").waitFor({ state: "detached" });
  assert.equal(await ada.at("message-file").count(), 0);
});
