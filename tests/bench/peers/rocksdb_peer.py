"""RocksDB of Debian as a plain store of keys and values (build/rocksdb_peer): the rest of the CSV line is the value. It knows no
columns and no SQL, so it takes part in writes, point reads and starts."""
from bench.data import ROOT
from bench.peers.system import CACHE_BYTES, LineProcess, NotOffered, System, SystemFailed

PROGRAM = ROOT / "build" / "rocksdb_peer"
BATCH_ROWS = 10_000
OPEN_SECONDS_MAX = 120


class RocksDb(System):
    title = "RocksDB"
    has_sql = False

    def start(self):
        if not PROGRAM.exists():
            raise SystemFailed(f"{PROGRAM} is not built")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = LineProcess([PROGRAM, self.folder, CACHE_BYTES], self.folder.parent / f"{self.folder.name}.log")
        self.channel = self.process.open_channel()
        self.release = self._ask(OPEN_SECONDS_MAX, action="version")["version"]

    def _ask(self, limit_seconds, **message):
        return self.process.request(self.channel, limit_seconds, **message)

    def stop(self):
        self.process.stop()

    def kill(self):
        self.process.kill()

    def version(self):
        return self.release

    def settings(self):
        return f"a synced log record for each batch of {BATCH_ROWS:,} rows; block cache {CACHE_BYTES >> 30} GiB, bloom filters of 10 bits, LZ4"

    def pids(self):
        return [self.process.process.pid]

    def connect(self):
        raise NotOffered("no SQL")

    def query(self, sql, limit_seconds=60):
        raise NotOffered("no SQL")

    def create(self, dataset, table, keyed=True):
        if not keyed:
            raise NotOffered("it has nothing but keys")
        self.drop(table)

    def drop(self, table):
        self._ask(OPEN_SECONDS_MAX, action="drop", table=table)

    def load(self, dataset, table, file, limit_seconds):
        self._write(table, file, limit_seconds)

    def upsert(self, dataset, table, file, limit_seconds, client=None):
        self._write(table, file, limit_seconds)

    def _write(self, table, file, limit_seconds):
        answer = self._ask(limit_seconds, action="write", table=table, file=str(file.path), batch_rows=BATCH_ROWS)
        if answer["rows"] != file.rows:
            raise SystemFailed(f"{answer['rows']} of {file.rows} rows were written")

    def delete(self, dataset, table, file, limit_seconds):
        self._ask(limit_seconds, action="delete", table=table, file=str(file.path), batch_rows=BATCH_ROWS)

    def settle(self, table, limit_seconds):
        self._ask(limit_seconds, action="compact", table=table)

    def table_bytes(self, table):
        return self._ask(OPEN_SECONDS_MAX, action="bytes", table=table)["rows"]

    def count(self, table, limit_seconds):
        """Keys, and the sum of their numbers modulo 1,000,003."""
        answer = self._ask(limit_seconds, action="count", table=table)
        return answer["rows"], answer["key_sum"]

    def multi_get(self, table, keys, limit_seconds=60):
        """How many of the keys are there."""
        return self._ask(limit_seconds, action="get", table=table, keys=list(keys))["rows"]

    def random_gets(self, table, keys_end, threads, seconds):
        """Point reads by threads: their number, and the 99th percentile of one in milliseconds."""
        answer = self._ask(seconds + OPEN_SECONDS_MAX, action="random", table=table, keys_end=keys_end, threads=threads, seconds=seconds)
        return answer["rows"] / seconds, answer["p99_ms"]
