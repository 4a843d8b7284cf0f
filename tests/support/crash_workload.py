"""Work for a server that is killed at any moment, and what must be found after it: every acknowledged change, no other, and
the one change that was under way either whole or not at all.

Each worker owns rows that nobody else changes. It notes a change in `pending` before it sends it, and settles it when it is
answered; after a crash `settle()` compares the server with the model, with and without the pending change.
"""
import time

from support.crash_worker import Worker, differences, need
from support.partition_work import Partitions

SETTINGS = {"storage.delta_flush_rows": 2000, "storage.small_commit_bytes": "64KiB", "storage.memtable_bytes": "16MiB",
            "storage.delete_fold_commits": 10, "compaction.trigger_segments": 3}
KEYS = 3000
LOG_ROWS_MAX = 60_000
LABELS_KEPT = 200


def payload(key, version):
    return f"{key * 7919 + version}-" + "p" * (version % 40)


class Upserts(Worker):
    """Upserts and deletes of its own keys of d.t, in small and large commits of one phase or two, over HTTP and SQL."""

    TABLE = ("CREATE TABLE d.t (id BIGINT NOT NULL, version BIGINT, p VARCHAR(80)) UNIQUE KEY(id) "
             "DISTRIBUTED BY HASH(id) BUCKETS 2")

    def __init__(self, server, rng, number):
        super().__init__(server, rng)
        self.number = number
        self.rows = {}
        self.version = 0
        self.pending = None  # (changes, label, how it was sent)
        self.labels = []

    def step(self):
        self.version += 1
        choice = self.rng.random()
        size = self.rng.choice((1, 3, 30)) if choice < 0.7 else self.rng.choice((300, KEYS))
        first = self.number * KEYS
        keys = self.rng.sample(range(first, first + KEYS), size)
        label = f"w{self.number}_{self.version}"
        if choice < 0.15:
            changes = dict.fromkeys(keys, self.version)
            self.send(changes, None)
        elif choice < 0.25:
            self.send({keys[0]: None}, None)
        elif choice < 0.4:
            self.send(dict.fromkeys(keys), label)
        else:
            self.send({key: None if self.rng.random() < 0.1 else self.version for key in keys}, label)

    def send(self, changes, label):
        self.pending = (changes, label)
        if label is not None:
            self.send_load(changes, label)
            self.labels = (self.labels + [label])[-LABELS_KEPT:]
        elif None in changes.values():
            self.sql(f"DELETE FROM d.t WHERE id = {next(iter(changes))}")
        else:
            rows = ", ".join(f"({key}, {version}, '{payload(key, version)}')" for key, version in changes.items())
            self.sql(f"INSERT INTO d.t VALUES {rows}")
        self.rows = applied(self.rows, changes)
        self.pending = None
        self.acknowledged += 1

    def is_two_phase(self, label):
        return int(label.rsplit("_", 1)[1]) % 4 == 0

    def send_load(self, changes, label):
        """Whether the load was there before."""
        if not self.is_two_phase(label):
            return self.put(changes, label)["Status"] != "Success"
        if self.rng.random() < 0.2:
            self.put({key: -1 for key in changes}, f"{label}_never", two_phase_commit="true")
            need(self.end_transaction("abort", f"{label}_never"), f"{label}_never was ended by another")
        self.put(changes, label, two_phase_commit="true")
        return not self.end_transaction("commit", label)

    def put(self, changes, label, **headers):
        body = "".join(f"{key},{version or 0},{payload(key, version or 0)},{int(version is None)}\n" for key, version in changes.items())
        return self.load("t", body, label=label, hidden_columns="__DORIS_DELETE_SIGN__", **headers)

    def settle(self, scanned):
        """`scanned`: the rows of d.t after a restart."""
        found = {key: version for key, version in scanned.items() if key // KEYS == self.number}
        if self.pending is None:
            return need(found == self.rows, f"worker {self.number}:", differences(found, self.rows))
        changes, label = self.pending
        after = applied(self.rows, changes)
        need(found in (self.rows, after), f"worker {self.number}: change {label} of {len(changes)} rows is there in part;",
             "against before:", differences(found, self.rows), "against after:", differences(found, after))
        if label is None:
            self.rows = found
        else:
            # As a client does that got no answer: the same load again, under the same label.
            is_there = self.send_load(changes, label)
            need(found == self.rows if not is_there else found == after, f"label {label}: is there: {is_there}, but its rows say otherwise")
            self.rows = after
            self.labels.append(label)
        self.pending = None


def applied(rows, changes):
    after = dict(rows)
    for key, version in changes.items():
        if version is None:
            after.pop(key, None)
        else:
            after[key] = version
    return after


class Log(Worker):
    """Batches into the DUPLICATE table d.log, each there once; now and then it is emptied."""

    TABLE = "CREATE TABLE d.log (batch BIGINT NOT NULL, n INT) DUPLICATE KEY(batch) DISTRIBUTED BY HASH(batch) BUCKETS 2"

    def __init__(self, server, rng):
        super().__init__(server, rng)
        self.batches = {}
        self.number = 0
        self.pending = None

    def step(self):
        self.number += 1
        if sum(self.batches.values()) > LOG_ROWS_MAX or self.rng.random() < 0.02:
            self.pending = {}
            self.sql("TRUNCATE TABLE d.log")
        else:
            size = self.rng.choice((1, 1, 10, 9000))
            self.pending = {**self.batches, self.number: size}
            self.load("log", "".join(f"{self.number},{n}\n" for n in range(size)))
        self.batches, self.pending = self.pending, None
        self.acknowledged += 1

    def settle(self):
        found = {}
        for batch, count, total in self.server.sql("SELECT batch, count(*), sum(n) FROM d.log GROUP BY batch"):
            need(total == count * (count - 1) // 2, f"log batch {batch}: {count} rows with sum {total}")
            found[batch] = count
        need(found in (self.batches, self.batches if self.pending is None else self.pending), "log:", differences(found, self.batches))
        self.batches, self.pending = found, None


class Ddl(Worker):
    """CREATE, DROP, TRUNCATE and ALTER of d.e, and rows between them. The state is None without a table, else columns and rows."""

    def __init__(self, server, rng):
        super().__init__(server, rng)
        self.state = None
        self.number = 0
        self.pending = None  # (the state after it,)

    def step(self):
        self.number += 1
        statement, after = self.choose()
        self.pending = (after,)
        self.sql(statement)
        self.state, self.pending = after, None
        self.acknowledged += 1

    def choose(self):
        if self.state is None:
            return "CREATE TABLE d.e (k BIGINT NOT NULL) UNIQUE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 2", (["k"], {})
        columns, rows = self.state
        choice = self.rng.random()
        if choice < 0.5:
            values = [self.number] * len(columns)
            return f"INSERT INTO d.e VALUES ({', '.join(map(str, values))})", (columns, {**rows, self.number: values})
        if choice < 0.75 and len(columns) < 6:
            return (f"ALTER TABLE d.e ADD COLUMN c{self.number} BIGINT DEFAULT '{self.number}'",
                    (columns + [f"c{self.number}"], {key: row + [self.number] for key, row in rows.items()}))
        if choice < 0.9 and len(columns) > 1:
            gone = self.rng.randrange(1, len(columns))
            return (f"ALTER TABLE d.e DROP COLUMN {columns[gone]}",
                    (columns[:gone] + columns[gone + 1:], {key: row[:gone] + row[gone + 1:] for key, row in rows.items()}))
        if choice < 0.96:
            return "TRUNCATE TABLE d.e", (columns, {})
        return "DROP TABLE d.e", None

    def settle(self):
        found = None
        if ("e",) in self.server.sql("SHOW TABLES FROM d"):
            columns = [row[0] for row in self.server.sql("DESC d.e")]
            found = (columns, {row[0]: list(row) for row in self.server.sql("SELECT * FROM d.e")})
        need(found == self.state or (self.pending is not None and found == self.pending[0]),
             f"table d.e is {found}, not {self.state} nor {self.pending}")
        self.state, self.pending = found, None


class Compactor(Worker):
    def step(self):
        self.sql(f"ALTER TABLE d.{self.rng.choice(('t', 'log', 'p'))} COMPACT")
        self.acknowledged += 1
        self.ended.wait(self.rng.random() * 0.3)


class CrashWorkload:
    """All workers on one server. run() until it is gone or the time is over; check() after the next start."""

    WRITERS = 2

    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        server.sql("CREATE DATABASE d")
        server.sql(Upserts.TABLE)
        server.sql(Log.TABLE)
        self.upserts = [Upserts(server, rng, number) for number in range(self.WRITERS)]
        server.sql(Partitions.TABLE)
        self.others = [Log(server, rng), Ddl(server, rng), Partitions(server, rng)]
        self.workers = [*self.upserts, *self.others, Compactor(server, rng)]

    def acknowledged(self):
        return sum(worker.acknowledged for worker in self.workers)

    def run(self, seconds):
        """Works until the server has ended by itself, or kills it after `seconds`. Whether it ended by itself."""
        for worker in self.workers:
            worker.again().start()
        deadline = time.monotonic() + seconds
        while self.server.is_running() and time.monotonic() < deadline and not any(worker.failure for worker in self.workers):
            time.sleep(0.005)
        ended_by_itself = not self.server.is_running()
        self.server.kill()
        need(self.server.process.returncode == -9, f"the server ended with {self.server.process.returncode}\n{self.server.log_tail()}")
        for worker in self.workers:
            worker.ended.set()
        for worker in self.workers:
            worker.join(60)
            if worker.failure:
                raise worker.failure
            need(not worker.is_alive(), f"{type(worker).__name__} still waits for a server that has ended")
        return ended_by_itself

    def check(self):
        """The server, started again, against the models; then they agree."""
        scanned = self.server.sql("SELECT id, version, p FROM d.t")
        found = {key: version for key, version, _ in scanned}
        need(len(found) == len(scanned), "a key of d.t is there twice")
        for key, version, text in scanned:
            need(text == payload(key, version), f"row {key} has version {version} and another one's text {text}")
        need(self.server.value("SELECT count(*) FROM d.t") == len(found), "count(*) of d.t differs from its scan")
        for key in self.rng.sample(range(self.WRITERS * KEYS), 10):
            rows = self.server.sql(f"SELECT version FROM d.t WHERE id = {key}")
            need(rows == ([(found[key],)] if key in found else []), f"point read of {key}: {rows}, scan: {found.get(key)}")
        for worker in self.upserts:
            worker.settle(found)
            for label in self.rng.sample(worker.labels, min(2, len(worker.labels))):
                need(worker.load("t", "-1,0,x,0\n", label=label, hidden_columns="__DORIS_DELETE_SIGN__")["Status"] == "Label Already Exists",
                     f"label {label} is forgotten")
        for worker in self.others:
            worker.settle()
