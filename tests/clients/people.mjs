// Those who chat: a person has a login and a token; a connection is one socket of a person and all that it heard.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { afterEach } from "node:test";
import { io } from "socket.io-client";

const PATIENCE_MS = 5_000;

// Every way a client may come in. The last one sets nothing: it starts with polling and upgrades.
export const TRANSPORTS = [
  { name: "polling", options: { transports: ["polling"] } },
  { name: "websocket", options: { transports: ["websocket"] } },
  { name: "the default upgrade", options: {} },
];
export const WEBSOCKET = TRANSPORTS[1];

const open = new Set();
afterEach(() => {
  open.forEach((socket) => socket.disconnect());
  open.clear();
});

export class Person {
  static async register(server, displayName) {
    const email = `${randomUUID()}@example.org`;
    return Person.#enter(server, "/auth/register", { email, password: "correct horse battery", displayName });
  }

  static async guest(server, displayName) {
    return Person.#enter(server, "/auth/guest", { displayName });
  }

  static async #enter(server, path, body) {
    const person = new Person(server);
    const answer = await person.rest("POST", path, body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    person.id = answer.body.user.id;
    person.token = answer.body.accessToken;
    return person;
  }

  constructor(server) {
    this.server = server;
  }

  async rest(method, path, body) {
    const headers = { "content-type": "application/json" };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    const answer = await fetch(this.server.url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : undefined };
  }

  async createRoom(visibility = "public") {
    return this.#create("/rooms", { name: "Kitchen", visibility });
  }

  async createSession() {
    return this.#create("/sessions", { title: "Dinner" });
  }

  async #create(path, body) {
    const answer = await this.rest("POST", path, body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  }

  // Resolves when the namespace is connected, rejects with its first `connect_error`.
  async connect(transport, { namespace = "/chat", auth = { token: this.token } } = {}) {
    const quick = { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200 };
    const connect = transport.io ?? io;
    // Clients of 2.x have nothing but the query to show who they are.
    const credentials = transport.isOld ? { query: auth } : { auth };
    const socket = connect(this.server.url + namespace, { ...quick, ...transport.options, ...credentials });
    open.add(socket);
    const connection = new Connection(this, socket);
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
      // By which clients of 2.x tell of a refusal.
      socket.once("error", reject);
    });
    socket.off("connect_error");
    socket.off("error");
    return connection;
  }
}

export class Connection {
  #heard = [];
  #listeners = new Set();

  constructor(person, socket) {
    this.person = person;
    this.socket = socket;
    onAny(socket, (event, data) => {
      this.#heard.push({ event, data });
      this.#listeners.forEach((listener) => listener());
    });
  }

  // Sends and resolves with the ack.
  ask(event, data) {
    if (this.socket.emitWithAck) return this.socket.timeout(PATIENCE_MS).emitWithAck(event, data);
    return new Promise((resolve, reject) => {
      const complaint = new Error(`no ack of ${event} within ${PATIENCE_MS} ms`);
      const limit = setTimeout(() => reject(complaint), PATIENCE_MS);
      this.socket.emit(event, data, (ack) => {
        clearTimeout(limit);
        resolve(ack);
      });
    });
  }

  // What came under this name so far.
  heard(event, matches = () => true) {
    return this.#heard.filter((one) => one.event === event && matches(one.data)).map((one) => one.data);
  }

  // The first that matches, whether it came already or is still to come.
  async hear(event, matches, patienceMs = PATIENCE_MS) {
    const [first] = await this.hearAll(1, event, matches, patienceMs);
    return first;
  }

  // The first `count` that match.
  hearAll(count, event, matches, patienceMs = PATIENCE_MS) {
    const complaint = new Error(`no ${count} × ${event} within ${patienceMs} ms`);
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.heard(event, matches);
        if (found.length >= count) finish(() => resolve(found.slice(0, count)));
      };
      const finish = (result) => {
        clearTimeout(limit);
        this.#listeners.delete(look);
        result();
      };
      const limit = setTimeout(() => {
        complaint.message += `; heard: ${this.#heard.slice(-10).map((one) => JSON.stringify(one)).join("\n")}`;
        finish(() => reject(complaint));
      }, patienceMs);
      this.#listeners.add(look);
      look();
    });
  }

  // The next `connect` or `disconnect`, which the client itself makes.
  next(event) {
    return new Promise((resolve, reject) => {
      const complaint = new Error(`no ${event} within ${PATIENCE_MS} ms`);
      const limit = setTimeout(() => reject(complaint), PATIENCE_MS);
      this.socket.once(event, (reason) => {
        clearTimeout(limit);
        resolve(reason);
      });
    });
  }

  async join(roomId) {
    return dataOf(await this.ask("chat:room:join", { roomId }));
  }

  async joinSession(sessionId) {
    return dataOf(await this.ask("join_session", { sessionId }));
  }

  // Sends a message and resolves with what the server acknowledged.
  async send(roomId, content, more = {}) {
    return dataOf(await this.ask("chat:message:send", { roomId, content, ...more }));
  }

  // Makes sure that everything sent to this socket before now has been heard.
  async catchUp(roomId) {
    const { id } = await this.send(roomId, "Is anything else there?");
    await this.hear("chat:message:received", (message) => message.id === id);
  }
}

function onAny(socket, listener) {
  if (socket.onAny) return socket.onAny(listener);
  // Clients of 2.x have nothing of the kind.
  const onevent = socket.onevent;
  socket.onevent = (packet) => {
    listener(...packet.data);
    onevent.call(socket, packet);
  };
}

// A registered owner and a guest, both joined to a new public room.
export async function twoInARoom(server, transport, guestsNamespace) {
  const owner = await Person.register(server, "Ada");
  const guest = await Person.guest(server, "Ben");
  const { id: roomId } = await owner.createRoom();
  const ada = await owner.connect(transport);
  const ben = await guest.connect(transport, { namespace: guestsNamespace });
  await ada.join(roomId);
  await ben.join(roomId);
  return { roomId, ada, ben };
}

// The data of an ack that says ok.
export function dataOf(ack) {
  assert.equal(ack.status, "ok", JSON.stringify(ack));
  return ack.data;
}

// The error of an ack that refuses, after a look at what every error has.
export function errorOf(ack, code) {
  assert.equal(ack.status, "error", JSON.stringify(ack));
  assert.equal(ack.error.code, code, JSON.stringify(ack));
  assert.equal(ack.error.version, "1.0");
  assert.equal(typeof ack.error.message, "string");
  return ack.error;
}

// What a server event says besides the version, which every one has.
export function withoutVersion({ version, ...data }) {
  assert.equal(version, "1.0");
  return data;
}
