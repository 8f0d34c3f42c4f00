"""Files whose bytes are in S3: the server against Moto, which speaks as S3 does."""

import json
import logging
import os
import time
import unittest
import urllib.error
import urllib.request
import uuid
import xml.etree.ElementTree as ET

from moto.server import ThreadedMotoServer

from server import Server

PATIENCE = 10  # seconds
BOUNDARY = "a-boundary"
# Of parts of 5 MiB this is more than one.
LARGE = b"a text in several parts " * 300_000

logging.getLogger("werkzeug").setLevel(logging.ERROR)


class S3:
    def __init__(self):
        self.moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.moto.start()
        host, port = self.moto.get_host_and_port()
        self.url = f"http://{host}:{port}"
        # All servers of a process have the same buckets.
        self.bucket = f"hornero-{uuid.uuid4()}"
        self.ask("PUT", "")

    def ask(self, method, query):
        signed = "AWS4-HMAC-SHA256 Credential=key/20261121/us-east-1/s3/aws4_request"
        headers = {"Authorization": signed}
        request = urllib.request.Request(f"{self.url}/{self.bucket}{query}", method=method, headers=headers)
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def sizes(self):
        """The sizes of all objects."""
        found = ET.fromstring(self.ask("GET", "?list-type=2"))
        return sorted(int(it.text) for it in found.iter() if it.tag.endswith("}Size"))

    def unfinished(self):
        """How many uploads in parts have not ended."""
        return self.ask("GET", "?uploads").count(b"<Upload>")


class Files(unittest.TestCase):
    def setUp(self):
        self.s3 = S3()
        self.server = Server({
            "HORNERO__FILES__S3__ENDPOINT": self.s3.url,
            "HORNERO__FILES__S3__BUCKET": self.s3.bucket,
            "HORNERO__FILES__S3__ACCESS_KEY": "key",
            "HORNERO__FILES__S3__SECRET_KEY": "secret",
        }).start()
        user = {"email": f"{uuid.uuid4()}@example.org", "password": "correct horse battery", "displayName": "Ada"}
        self.token = self.server.post("/auth/register", user)["accessToken"]
        self.room = self.server.post("/rooms", {"name": "Kitchen"}, self.token)["id"]

    def tearDown(self):
        self.server.stop()
        if self.s3:
            self.s3.moto.stop()

    def ask(self, method, path, body=None, kind="application/json"):
        headers = {"authorization": f"Bearer {self.token}", "content-type": kind}
        request = urllib.request.Request(self.server.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def upload(self, content):
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name='
        room = f'{head}"roomId"\r\n\r\n{self.room}\r\n{head}"file"; filename="a.txt"\r\n\r\n'
        body = room.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        status, answer = self.ask("POST", "/files", body, f"multipart/form-data; boundary={BOUNDARY}")
        return status, json.loads(answer)

    def until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not come to be")
            time.sleep(0.02)

    def test_bytes_are_in_the_bucket_and_go_with_their_room(self):
        for content in [b"", b"buy milk", LARGE]:
            status, file = self.upload(content)
            self.assertEqual(status, 201, file)
            self.assertEqual(file["size"], len(content))
            self.assertEqual(self.ask("GET", f"/files/{file['id']}"), (200, content))
        self.assertEqual(self.s3.sizes(), [0, 8, len(LARGE)])
        self.assertFalse(os.path.exists(os.path.join(self.server.folder, "files")))

        self.assertEqual(self.ask("DELETE", f"/rooms/{self.room}")[0], 204)

        self.until(lambda: self.s3.sizes() == [])

    def test_what_is_refused_leaves_nothing(self):
        # Both are seen to be wrong only after the first part was sent.
        for content, expected in [(LARGE + b"\0", 400), (LARGE + LARGE, 413)]:
            self.assertEqual(self.upload(content)[0], expected)
        self.assertEqual((self.s3.sizes(), self.s3.unfinished()), ([], 0))

    def test_storage_that_is_away_stops_nothing_but_files(self):
        _, file = self.upload(b"buy milk")
        self.s3.moto.stop()
        self.s3 = None
        for content in [b"buy eggs", LARGE]:
            status, refusal = self.upload(content)
            self.assertEqual((status, refusal["error_code"]), (503, "SERVICE_UNAVAILABLE"), refusal)
            self.assertIn("retry_after_ms", refusal)
        status, answer = self.ask("GET", f"/files/{file['id']}")
        self.assertEqual(status, 503, answer)
        message = json.dumps({"content": "hello"}).encode()
        self.assertEqual(self.ask("POST", f"/rooms/{self.room}/messages", message)[0], 201)
