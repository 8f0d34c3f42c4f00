"""The whole REST API, by Schemathesis: requests made from the schemas, good ones and bad ones."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

from server import Server

FULL = os.environ.get("HORNERO_TEST_FULL") == "1"
EXAMPLES = 100 if FULL else 15
LIMIT = 1200 if FULL else 300  # seconds
# A schema cannot say all that is refused: two fields that exclude each other, a cursor of another
# list, a NUL in an object.
EXCLUDED = "positive_data_acceptance"
PASSWORD = "correct horse battery"
LOGOUT = "/auth/logout"


class Schemas(unittest.TestCase):
    def setUp(self):
        self.server = Server().start()
        self.addCleanup(self.server.stop)

    def test_an_admin_finds_no_answer_that_is_not_documented(self):
        self.judge(self.token(admin=True), "--exclude-path", LOGOUT)

    @unittest.skipUnless(FULL, "in the long form only")
    def test_a_user_finds_no_answer_that_is_not_documented(self):
        self.judge(self.token(), "--exclude-path", LOGOUT)

    @unittest.skipUnless(FULL, "in the long form only")
    def test_nobody_finds_no_answer_that_is_not_documented(self):
        self.judge(None)

    def test_who_logs_out_finds_no_answer_that_is_not_documented(self):
        # Alone: all that comes after it would be refused.
        self.judge(self.token(), "--include-path", LOGOUT)

    def token(self, admin=False):
        user = {"email": "ada@example.org", "password": PASSWORD, "displayName": "Ada"}
        token = self.server.post("/auth/register", user)["accessToken"]
        if admin:
            environment = {**os.environ, "HORNERO__SERVER__DATA_DIR": self.server.folder}
            promote = [self.server.program, "user", "promote", user["email"]]
            subprocess.run(promote, env=environment, cwd=self.server.folder, check=True, capture_output=True)
            login = {"email": user["email"], "password": PASSWORD}
            token = self.server.post("/auth/login", login)["accessToken"]
        return token

    def judge(self, token, *more):
        program = Path(sys.executable).with_name("schemathesis")
        config = Path(__file__).with_name("schemathesis.toml")
        command = [program, "--config-file", config, "run", f"{self.server.url}/openapi.json"]
        command += ["--checks", "all", "--exclude-checks", EXCLUDED, "--max-examples", str(EXAMPLES)]
        command += ["--continue-on-failure", "--generation-with-security-parameters", "false"]
        command += ["--suppress-health-check", "all", "--no-color", "--generation-database", "none", *more]
        if token:
            command += ["--header", f"Authorization: Bearer {token}"]
        run = subprocess.run(command, cwd=self.server.folder, capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(run.returncode, 0, run.stdout[-8000:] + run.stderr[-2000:])
        self.assertIsNone(self.server.process.poll(), "the server has ended")


if __name__ == "__main__":
    unittest.main()
