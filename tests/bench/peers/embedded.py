"""Engines that are libraries, each in a process of its own (sql_worker.py): what DuckDB and ClickHouse have in common here."""
import sys

from bench.peers.system import Client, LineProcess, System, process_tree
from bench.data import ROOT

WORKER = ROOT / "tests" / "bench" / "peers" / "sql_worker.py"
OPEN_SECONDS_MAX = 120


class ChannelClient(Client):
    def __init__(self, process):
        self.process = process
        self.channel = process.open_channel()

    def query(self, sql, limit_seconds=60):
        statements = [sql] if isinstance(sql, str) else sql
        return self.process.request(self.channel, limit_seconds, sql=statements)["rows"]


class EmbeddedEngine(System):
    """`engine`: the name that sql_worker.py knows."""
    engine = ""
    upsert_words = "INSERT INTO"

    def rows_of(self, dataset, file, names=None):
        """What stands in FROM for the rows of a CSV file; `names`: its columns, when they are not all."""
        raise NotImplementedError

    def load(self, dataset, table, file, limit_seconds):
        self.query(f"INSERT INTO {table} SELECT * FROM {self.rows_of(dataset, file)}", limit_seconds)

    def upsert(self, dataset, table, file, limit_seconds, client=None):
        (client or self).query(f"{self.upsert_words} {table} SELECT * FROM {self.rows_of(dataset, file)}", limit_seconds)

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.forget_client()
        self.process = LineProcess([sys.executable, WORKER, self.engine, self.folder], self.folder.parent / f"{self.folder.name}.log")
        self.query("SELECT 1", OPEN_SECONDS_MAX)

    def stop(self):
        self.forget_client()
        self.process.stop()

    def kill(self):
        self.forget_client()
        self.process.kill()

    def pids(self):
        return process_tree(self.process.process.pid)

    def connect(self):
        return ChannelClient(self.process)
