"""A client of a server that may end at any moment: what every part of CrashWorkload is built on."""
import http.client
import json
import threading

import pymysql

CONNECTION_ERRORS = (2003, 2006, 2013, 2014, 0)


class Wrong(AssertionError):
    """The server does not hold what it must."""


class ServerGone(Exception):
    """No answer: whether the change happened is unknown."""


def need(condition, *what):
    if not condition:
        raise Wrong(" ".join(str(part) for part in what))


def differences(found, expected, limit=5):
    keys = [key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)]
    return f"{len(keys)} differ, such as " + ", ".join(f"{key}: {found.get(key)} not {expected.get(key)}" for key in sorted(keys)[:limit])


class Worker(threading.Thread):
    """Changes rows until the server is gone or end() is called. A subclass has step(), settle()."""

    def __init__(self, server, rng):
        super().__init__(daemon=True)
        self.server, self.rng = server, rng
        self.ended = threading.Event()
        self.failure = None
        self.acknowledged = 0

    def run(self):
        try:
            while not self.ended.is_set():
                self.step()
        except ServerGone:
            pass
        except BaseException as error:  # reported by whoever joins
            self.failure = error

    def again(self):
        """A worker with the same model and no thread yet, for the server's next life."""
        threading.Thread.__init__(self, daemon=True)
        self.ended.clear()
        return self

    def load(self, table, body, **headers):
        """One Stream Load that must succeed if it is answered: its answer."""
        try:
            answer = self.server.stream_load("d", table, body, column_separator=",", **headers)
        except (OSError, http.client.HTTPException, RuntimeError) as error:
            raise ServerGone from error
        need(answer["Status"] in ("Success", "Label Already Exists"), answer)
        return answer

    def end_transaction(self, operation, label):
        """The second phase of a load; whether it was this request that ended it."""
        try:
            _, _, body = self.server.http("PUT", "/api/d/_stream_load_2pc", None, {"label": label, "txn_operation": operation})
        except (OSError, http.client.HTTPException) as error:
            raise ServerGone from error
        answer = json.loads(body)
        need(answer["status"] == "Success" or "already" in answer["msg"], label, answer)
        return answer["status"] == "Success"

    def sql(self, statement):
        try:
            return self.server.sql(statement)
        except (OSError, pymysql.err.InterfaceError) as error:
            raise ServerGone from error
        except pymysql.MySQLError as error:
            if error.args[0] in CONNECTION_ERRORS:
                raise ServerGone from error
            raise
