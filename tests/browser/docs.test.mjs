// The page that documents the routes, in Chromium: it shows them, and lets them be tried.

import assert from "node:assert/strict";
import { scene } from "./scene.mjs";

scene("the documentation loads nothing from elsewhere, and its routes can be tried", async ({ server, visitor }) => {
  const reader = await visitor();
  const { page } = reader;
  const elsewhere = [];
  const complaints = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith("data:")) elsewhere.push(request.url());
  });
  page.on("console", (message) => {
    // A refusal of the policy is an error in the console.
    if (message.type() === "error") complaints.push(message.text());
  });

  await page.goto(`${server.url}/docs`);
  assert.equal(await page.title(), "Hornero: API");
  const operation = page.locator("#operations-auth-enterAsGuest");
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  await operation.locator("textarea").fill(JSON.stringify({ displayName: "Grace" }));
  await operation.getByRole("button", { name: "Execute" }).click();
  const answer = operation.locator(".live-responses-table .response-col_status").last();
  await answer.filter({ hasText: "201" }).waitFor();
  await reader.snap("documentation");

  assert.deepEqual(elsewhere, []);
  assert.deepEqual(complaints, []);
});
