"""Freshet itself: loads over HTTP as its users load, queries over MySQL's protocol. Every commit is synced."""
import pymysql

from bench.peers.system import CACHE_BYTES, Client, System, SystemFailed
from support.freshet_server import FreshetServer

PIECE_BYTES = 1 << 20
BUCKETS = 2
# Compaction must not settle a table that is measured as its updates have left it.
KEEP_UPDATES = {"compaction.dead_fraction": "0.9", "compaction.base_fraction": "1"}


def pieces_of(path):
    """A file as a body that is sent in chunks."""
    with open(path, "rb") as body:
        while piece := body.read(PIECE_BYTES):
            yield piece


class MySqlClient(Client):

    def __init__(self, connection):
        self.connection = connection

    def query(self, sql, limit_seconds=60):
        # The socket's own limit: a statement that is late leaves a connection that cannot be used again.
        self.connection._read_timeout = limit_seconds  # noqa: SLF001 - it is fixed at connect() otherwise
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        except (pymysql.Error, OSError) as error:
            raise SystemFailed(f"{error} from: {sql[:200]}") from None

    def close(self):
        self.connection.close()


class Freshet(System):
    title = "Freshet"

    def __init__(self, folder):
        super().__init__(folder)
        self.server = FreshetServer(folder, self._settings({}))

    @staticmethod
    def _settings(more):
        return {"memory.page_cache_bytes": CACHE_BYTES, **more}

    def start(self):
        self.server.start()
        self.query("CREATE DATABASE IF NOT EXISTS bench")
        self.forget_client()

    def restart(self, settings=None):
        """Ends it in order and starts it with other settings."""
        self.stop()
        self.server.settings = self._settings(settings or {})
        self.start()

    def stop(self):
        self.forget_client()
        if self.server.is_running():
            self.server.stop()

    def kill(self):
        self.forget_client()
        if self.server.is_running():
            self.server.kill()

    def version(self):
        return self.query("SELECT version()")[0][0]

    def settings(self):
        return f"each commit synced; page cache {CACHE_BYTES >> 30} GiB; {BUCKETS} buckets; all else by default"

    def pids(self):
        return [self.server.process.pid]

    def connect(self):
        try:
            connection = self.server.connect()
            with connection.cursor() as cursor:
                cursor.execute("CREATE DATABASE IF NOT EXISTS bench")
                cursor.execute("USE bench")
        except (pymysql.Error, OSError) as error:
            raise SystemFailed(f"cannot connect: {error}") from None
        return MySqlClient(connection)

    def create(self, dataset, table, keyed=True):
        self.create_as("UNIQUE" if keyed else "DUPLICATE", dataset, table)

    def create_as(self, model, dataset, table, aggregations=None):
        """`model`: UNIQUE, DUPLICATE, or AGGREGATE with `aggregations`: type and function of each column that is no key."""
        self.drop(table)
        kinds = {**dict(dataset.columns), **(aggregations or {})}
        columns = ", ".join(f"{name} {kind.upper()}{' NOT NULL' if name == dataset.key else ''}" for name, kind in kinds.items())
        self.query(f"CREATE TABLE {table} ({columns}) {model} KEY({dataset.key}) DISTRIBUTED BY HASH({dataset.key}) BUCKETS {BUCKETS}")

    def stream_load(self, table, file, limit_seconds, **headers):
        answer = self.server.stream_load("bench", table, pieces_of(file.path), timeout=int(limit_seconds),
                                         **{"column_separator": ",", **headers})
        if answer["Status"] != "Success" or answer["NumberLoadedRows"] != file.rows:
            raise SystemFailed(f"the load of {file.path.name} answered {answer}")

    def load(self, dataset, table, file, limit_seconds):
        as_json = {"format": "json", "read_json_by_line": "true"} if file.path.suffix == ".json" else {}
        self.stream_load(table, file, limit_seconds, **as_json)

    def upsert(self, dataset, table, file, limit_seconds, client=None):
        self.stream_load(table, file, limit_seconds)

    def update_columns(self, dataset, table, columns, file, limit_seconds):
        self.stream_load(table, file, limit_seconds, partial_columns="true", columns=",".join([dataset.key, *columns]))

    def delete(self, dataset, table, file, limit_seconds):
        self.stream_load(table, file, limit_seconds, merge_type="DELETE", columns=dataset.key)

    def settle(self, table, limit_seconds):
        self.query(f"ALTER TABLE {table} COMPACT", limit_seconds)

    def table_bytes(self, table):
        """Of all its tables: one at a time has rows when this is asked."""
        return self.metric("freshet_segment_bytes")

    def metric(self, name):
        for line in self.server.http("GET", "/metrics")[2].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise SystemFailed(f"there is no {name} in /metrics")
