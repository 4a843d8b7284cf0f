"""A real freshet server on free ports and a data folder of its own, with clients for both protocols."""
import base64
import http.client
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import pymysql

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("FRESHET_BINARY", ROOT / "build" / "freshet"))
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
REDIRECTS_MAX = 2


class FreshetServer:
    """One server process. `settings` are names of config/freshet.yaml: {"storage.memtable_bytes": "1MiB"}.

    Threads may share it; each gets a MySQL connection of its own.
    """

    def __init__(self, folder, settings=None, password=""):
        self.folder = pathlib.Path(folder)
        self.data_dir = self.folder / "data"
        self.log_path = self.folder / "server.log"
        self.settings = dict(settings or {})
        self.password = password
        self.process = None
        self.http_port = self.load_port = self.mysql_port = None
        self._connections = threading.local()
        self._starts = 0

    def start(self, failpoints="", same_ports=False):
        """Starts it and waits until it serves. `failpoints`: text for FRESHET_FAILPOINTS (storage/base/failpoint.h).
        `same_ports`: those it had before."""
        http, load, mysql = (self.http_port, self.load_port, self.mysql_port) if same_ports else (0, 0, 0)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.data_dir / "ports.json").unlink(missing_ok=True)
        command = [BINARY, "server", "--config", self._write_settings(), "--data-dir", self.data_dir,
                   "--http-address", f"127.0.0.1:{http}", "--load-address", f"127.0.0.1:{load}",
                   "--mysql-address", f"127.0.0.1:{mysql}"]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **({"FRESHET_FAILPOINTS": failpoints} if failpoints else {})})
        self._starts += 1
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._read_ports():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode} while starting\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"no ports.json within {START_SECONDS_MAX} s\n{self.log_tail()}")
            time.sleep(0.005)
        return self

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the server did not end within {STOP_SECONDS_MAX} s of SIGTERM\n{self.log_tail()}") from None

    def kill(self):
        """SIGKILL, as a crash of the process."""
        self.process.kill()
        self.process.wait()

    def restart(self):
        assert self.stop() == 0, self.log_tail()
        return self.start()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log_tail(self, lines=40):
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def memory_bytes(self, field="VmRSS"):
        """Resident memory now; field "VmHWM": the most it ever was."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"no {field} of process {self.process.pid}")

    # SQL

    def connect(self, database=None, user="root", password=None, **options):
        """A new connection, which the caller closes."""
        return pymysql.connect(host="127.0.0.1", port=self.mysql_port, user=user, database=database, autocommit=True,
                               password=self.password if password is None else password, read_timeout=300, **options)

    def sql(self, query, *parameters):
        """Runs one statement on this thread's connection; its rows as a list of tuples."""
        with self._connection().cursor() as cursor:
            cursor.execute(query, parameters or None)
            return list(cursor.fetchall())

    def value(self, query, *parameters):
        """The only value of the only row."""
        rows = self.sql(query, *parameters)
        assert len(rows) == 1 and len(rows[0]) == 1, f"one value wanted, got {rows}"
        return rows[0][0]

    def affected_rows(self, statement, *parameters):
        with self._connection().cursor() as cursor:
            return cursor.execute(statement, parameters or None)

    # HTTP

    def http(self, method, path, body=None, headers=None, user="root", password=None, timeout=300, port=None):
        """(status, headers, body) of one request; redirects are followed as curl --location-trusted does."""
        secret = f"{user}:{self.password if password is None else password}"
        sent = {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode(), **(headers or {})}
        port = port or self.http_port
        for _ in range(REDIRECTS_MAX):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
            try:
                answer = _exchange(connection, method, path, body, sent)
            finally:
                connection.close()
            if answer[0] not in (301, 302, 307, 308):
                return answer
            assert body is None or isinstance(body, (str, bytes)), "a body sent in chunks cannot be sent again after a redirect"
            host, path = answer[1]["location"].split("://", 1)[1].split("/", 1)
            port, path = int(host.rsplit(":", 1)[1]), "/" + path
        raise RuntimeError(f"more than {REDIRECTS_MAX} redirects, the last to {path}")

    def stream_load(self, database, table, data, **headers):
        """PUTs `data` (text, bytes, or an iterable of bytes, which is sent in chunks) as Doris's clients do; the answer's
        JSON. Headers are named as in the protocol: label="x", format="json", column_separator=","."""
        sent = {"Expect": "100-continue", **{name: str(value) for name, value in headers.items()}}
        body = data.encode() if isinstance(data, str) else data
        # A body that cannot be sent again goes to the port that never redirects.
        port = self.http_port if isinstance(body, bytes) else self.load_port
        status, _, answer = self.http("PUT", f"/api/{database}/{table}/_stream_load", body, sent, port=port)
        try:
            return json.loads(answer)
        except ValueError:
            raise RuntimeError(f"stream load answered {status}: {answer[:500]!r}") from None

    def load(self, database, table, data, **headers):
        """stream_load() that must succeed."""
        answer = self.stream_load(database, table, data, **headers)
        assert answer["Status"] in ("Success", "Publish Timeout"), answer
        return answer

    def _connection(self):
        local = self._connections
        if getattr(local, "start", None) != self._starts or not local.connection.open:
            local.connection = self.connect()
            local.start = self._starts
        return local.connection

    def _write_settings(self):
        sections = {}
        for name, value in self.settings.items():
            section, key = name.rsplit(".", 1) if "." in name else ("", name)
            sections.setdefault(section, []).append((key, value))
        lines = []
        for section, values in sections.items():
            lines += [f"{section}:"] if section else []
            lines += [f"{'  ' if section else ''}{key}: {json.dumps(value)}" for key, value in values]
        path = self.folder / "freshet.yaml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def _read_ports(self):
        try:
            ports = json.loads((self.data_dir / "ports.json").read_text())
            self.http_port, self.load_port, self.mysql_port = ports["http"], ports["load"], ports["mysql"]
            return True
        except (FileNotFoundError, ValueError):
            return False


def _exchange(connection, method, path, body, headers):
    try:
        connection.request(method, path, body, headers)
    except (BrokenPipeError, ConnectionResetError):
        pass  # A server that refuses a load answers before it has read the body.
    if connection.sock is None:
        raise ConnectionResetError("the server has closed the connection")
    response = connection.getresponse()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
