"""A server of ours on a free port, with a data folder of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
START_LIMIT = 20  # seconds
STOP_LIMIT = 10  # seconds
INHERITED = {"PATH", "HOME", "TMPDIR", "TZ", "LANG"}
# Tests send faster than people and more that is wrong, so limits of rate are off.
UNLIMITED = ["MAX_REQUESTS", "CREDENTIALS", "HANDSHAKES", "EVENTS", "SIGNALS", "PROTOCOL_ERRORS"]


class Server:
    def __init__(self, settings=None):
        self.settings = settings or {}
        debug = REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target") / "debug"
        self.program = os.environ.get("HORNERO_BIN", str(debug / "hornero"))
        self.folder = tempfile.mkdtemp(prefix="hornero-test-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        # Nothing else is passed on: a DATABASE_URL of whoever runs the tests would change what is tested.
        environment = {name: value for name, value in os.environ.items() if name in INHERITED}
        environment["HORNERO__SERVER__PORT"] = str(self.port)
        environment["HORNERO__SERVER__DATA_DIR"] = self.folder
        environment.update({f"HORNERO__RATE_LIMIT__{name}": "0" for name in UNLIMITED})
        environment.update(self.settings)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([self.program], cwd=self.folder, env=environment, **quiet)
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/auth/me")
            except urllib.error.HTTPError:
                return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"no answer from {self.url} within {START_LIMIT} s")

    def kill(self):
        """Ends it as a power cut would, and leaves its data."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def post(self, path, body, token=None):
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
