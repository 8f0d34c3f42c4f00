// Somebody who writes by REST: faster than a page, where a test is about who reads.

import assert from "node:assert/strict";

export async function author(server, displayName) {
  const account = { email: `${crypto.randomUUID()}@example.org`, password: "correct horse battery", displayName };
  const { accessToken } = await ask(server, "POST", "/auth/register", account);
  const call = (method, path, body) => ask(server, method, path, body, accessToken);
  return {
    ...account,
    room: async (name) => (await call("POST", "/rooms", { name })).id,
    says: async (room, content, more) => (await call("POST", `/rooms/${room}/messages`, { content, ...more })).id,
    edits: (message, content) => call("PUT", `/chat/messages/${message}`, { content }),
    deletes: (message) => call("DELETE", `/chat/messages/${message}`),
  };
}

async function ask(server, method, path, body, token) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(server.url + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}
