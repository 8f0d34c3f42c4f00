"""python-socketio against the chat server: what its users do, over each transport."""

import threading
import unittest
import uuid

import socketio
from engineio.payload import Payload

from server import Server

PATIENCE = 10  # seconds
CHAT = "/chat"
RECEIVED = "chat:message:received"
# By default the library takes no more than 16 packets at once, and breaks the connection for more.
Payload.max_decode_packets = 10_000

server = None


def setUpModule():
    global server
    server = Server().start()


def tearDownModule():
    server.stop()


class Client:
    """One connection, and all that it heard."""

    def __init__(self, token, transports):
        self.heard = []
        self.changed = threading.Condition()
        self.io = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2)
        self.io.on("*", self.hears, namespace=CHAT)
        for event in ["connect", "disconnect", "connect_error"]:
            self.io.on(event, lambda *data, event=event: self.hears(event, *data), namespace=CHAT)
        self.options = {"auth": {"token": token}, "namespaces": [CHAT], "transports": transports}

    def connect(self):
        self.io.connect(server.url, wait_timeout=PATIENCE, **self.options)

    def hears(self, event, data=None):
        with self.changed:
            self.heard.append((event, data))
            self.changed.notify_all()

    def all_of(self, event):
        return [data for name, data in self.heard if name == event]

    def wait(self, event, count=1):
        with self.changed:
            enough = lambda: len(self.all_of(event)) >= count
            if not self.changed.wait_for(enough, PATIENCE):
                raise AssertionError(f"no {count} x {event}; heard: {self.heard[-10:]}")
            return self.all_of(event)[:count]

    def ask(self, event, data):
        answer = self.io.call(event, data, namespace=CHAT, timeout=PATIENCE)
        assert answer["status"] == "ok", answer
        return answer["data"]


class PythonClient:
    transports = None

    def register(self, name):
        email = f"{uuid.uuid4()}@example.org"
        form = {"email": email, "password": "correct horse battery", "displayName": name}
        return server.post("/auth/register", form)["accessToken"]

    def connect(self, token=None):
        client = Client(token or self.register("Ada"), self.transports)
        self.addCleanup(client.io.shutdown)
        client.connect()
        return client

    def two_in_a_room(self):
        token = self.register("Ada")
        room = server.post("/rooms", {"name": "Kitchen", "visibility": "public"}, token)["id"]
        ada, ben = self.connect(token), self.connect()
        for client in [ada, ben]:
            client.ask("chat:room:join", {"roomId": room})
        return room, ada, ben

    def test_comes_in_with_a_token_and_is_welcomed(self):
        ada = self.connect()
        notice = ada.wait("chat:system:notification")[0]
        self.assertEqual(notice["type"], "welcome")
        self.assertEqual(notice["socketId"], ada.io.get_sid(CHAT))

    def test_bad_token_is_refused_and_told_why(self):
        eve = Client("bad", self.transports)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            eve.connect()
        refusal = eve.wait("connect_error")[0]
        self.assertEqual(refusal["message"], "AUTH_FAILED")
        self.assertIs(refusal["data"]["recoverable"], False)

    def test_sends_with_an_ack_and_others_hear_it(self):
        room, ada, ben = self.two_in_a_room()
        said = {"roomId": room, "content": "¿Está listo? 🍞"}
        stored = ada.ask("chat:message:send", said)
        self.assertEqual(stored["content"], said["content"])
        for client in [ada, ben]:
            self.assertEqual(client.wait(RECEIVED)[0], {**stored, "version": "1.0"})

    def test_messages_arrive_in_order(self):
        room, ada, ben = self.two_in_a_room()
        sent = [f"message {n}" for n in range(300)]
        for content in sent:
            ada.io.emit("chat:message:send", {"roomId": room, "content": content}, namespace=CHAT)
        heard = ben.wait(RECEIVED, len(sent))
        self.assertEqual([message["content"] for message in heard], sent)

    def test_file_arrives(self):
        room, ada, ben = self.two_in_a_room()
        file = {"roomId": room, "name": "notes.txt", "contentType": "text/plain", "data": b"buy milk"}
        accepted = ada.ask("chat:file:upload", file)
        told = ada.wait("chat:file:uploaded")[0]
        self.assertEqual((told["file"]["id"], told["file"]["size"]), (accepted["fileId"], 8))
        message = ben.wait(RECEIVED)[0]
        self.assertEqual((message["type"], message["content"]), ("file", "notes.txt"))

    def test_refusal_is_answered(self):
        ada = self.connect()
        room = {"roomId": str(uuid.uuid4())}
        answer = ada.io.call("chat:room:join", room, namespace=CHAT, timeout=PATIENCE)
        self.assertEqual(answer["error"]["code"], "ROOM_ACCESS_DENIED")
        self.assertEqual(ada.wait("chat:error")[0]["code"], "ROOM_ACCESS_DENIED")

    def test_comes_back_by_itself_when_the_server_was_killed(self):
        room, ada, ben = self.two_in_a_room()
        server.kill()
        for client in [ada, ben]:
            client.wait("disconnect")
        server.start()
        for client in [ada, ben]:
            client.wait("connect", 2)
            client.ask("chat:room:join", {"roomId": room})
        stored = ada.ask("chat:message:send", {"roomId": room, "content": "After the storm"})
        self.assertEqual(ben.wait(RECEIVED)[0]["id"], stored["id"])


class OverPolling(PythonClient, unittest.TestCase):
    transports = ["polling"]


class OverWebsocket(PythonClient, unittest.TestCase):
    transports = ["websocket"]


class OverTheDefaultUpgrade(PythonClient, unittest.TestCase):
    pass
