"""Limits that hold under load: rowsets of a tablet, bytes written, memory of loads and of delta buffers."""
import base64
import http.client
import json
import os
import pathlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pymysql

AUTHORIZATION = "Basic " + base64.b64encode(b"root:").decode()


def metrics(server):
    _, _, text = server.http("GET", "/metrics")
    values = {}
    for line in text.decode().splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            values[name] = float(value)
    return values


class Watch:
    """Looks at the metrics again and again until the end of a with block, and keeps the largest value of each."""

    def __init__(self, server):
        self.server, self.most, self.stopping = server, {}, threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.stopping.wait(0.02):
            for name, value in metrics(self.server).items():
                self.most[name] = max(value, self.most.get(name, 0))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


class KeptConnection:
    """Stream Loads one after another over one connection."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=120)

    def load(self, path, body):
        self.connection.request("PUT", path, body, {"Authorization": AUTHORIZATION, "column_separator": ","})
        answer = json.loads(self.connection.getresponse().read())
        assert answer["Status"] == "Success", answer


def test_twenty_thousand_loads_of_one_row(make_server):
    """No "too many versions": small commits go on for ever, in few rowsets and with few bytes written."""
    server = make_server({"storage.delta_flush_rows": 1000, "storage.delta_flush_seconds": 1})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT, v STRING) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    loads, keys, clients = 20_000, 5_000, 2
    sent = [0] * clients

    def run(client):
        connection = KeptConnection(server)
        for i in range(client, loads, clients):
            row = f"{i % keys},value {i} of this key as a change of some table may look like\n"
            connection.load("/api/d/t/_stream_load", row)
            sent[client] += len(row)

    with Watch(server) as watch, ThreadPoolExecutor(clients) as pool:
        list(pool.map(run, range(clients)))
    assert server.value("SELECT count(*) FROM d.t") == keys
    assert server.value(f"SELECT count(*) FROM d.t WHERE v LIKE 'value {loads - keys}%' OR id > 0") == keys
    assert server.value("SELECT v FROM d.t WHERE id = 7").startswith(f"value {loads - keys + 7} ")
    assert watch.most["freshet_tablet_rowsets_max"] <= 64
    end = metrics(server)
    assert end["freshet_flushes_total"] >= 10
    # Segment files, whole delete bitmaps, and the deletes of each commit; the rows of the commit records come on top.
    parts = {name: end[f"freshet_{name}_written_bytes_total"]
             for name in ("flush", "compaction", "delete_fold", "delete_record", "carried")}
    assert all(parts.values()), parts
    written = sum(parts.values()) - parts["carried"]
    assert written <= 10 * sum(sent), f"{parts} for {sum(sent)} loaded"
    assert parts["carried"] + parts["delete_record"] <= 10 * sum(sent), f"{parts} for {sum(sent)} loaded"


def test_loads_wait_for_compaction_and_are_refused_when_it_does_not_come(make_server):
    """While compaction is held, no load brings a tablet over compaction.max_segments: not by Stream Load, not by INSERT, not in
    a group. They are refused after memory.wait_seconds, and go on when compaction does."""
    server = make_server({"storage.small_commit_bytes": 0, "memory.wait_seconds": 1}, start=False)
    server.start(failpoints="compaction_start=sleep:12000@1")
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    refusals, loaded = [], []

    def stream_load(key):
        return server.http("PUT", "/api/d/t/_stream_load", f"{key},1\n", {"column_separator": ","})[2].decode()

    def insert(key):
        try:
            server.sql(f"INSERT INTO d.t VALUES ({key}, 1)")
            return "Success"
        except pymysql.err.MySQLError as error:
            return str(error)

    def run(client):
        for i in range(40):
            key = client * 100 + i
            answer = (insert if client % 2 else stream_load)(key)
            if "compaction.max_segments is 64" in answer:
                assert "memory.wait_seconds" in answer, answer
                return refusals.append(client)
            assert "Success" in answer, answer
            loaded.append(key)

    with Watch(server) as watch, ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
        assert sorted(refusals) == [0, 1, 2, 3]
        assert watch.most["freshet_tablet_rowsets_max"] == 64
        deadline = time.monotonic() + 60
        while "Success" not in stream_load(1000):
            assert time.monotonic() < deadline
        loaded.append(1000)
    assert watch.most["freshet_tablet_rowsets_max"] == 64
    assert server.value("SELECT count(*) FROM d.t") == len(loaded)


def test_running_loads_share_their_memory(make_server):
    """Eight loads together hold no more than one budget: they write early, wait, and all succeed."""
    limit = 32 << 20
    server = make_server({"memory.load_bytes": limit, "ingest.max_row_bytes": "1MiB"})
    server.sql("CREATE DATABASE d")
    row_count, loads = 60_000, 8
    payload = "x" * 200

    def run(load):
        server.sql(f"CREATE TABLE d.t{load} (id INT, v STRING) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
        body = "".join(f"{i},{payload}\n" for i in range(row_count))
        server.load("d", f"t{load}", body, column_separator=",")
        return server.value(f"SELECT count(*) FROM d.t{load}")

    with Watch(server) as watch, ThreadPoolExecutor(loads) as pool:
        assert list(pool.map(run, range(loads))) == [row_count] * loads
    assert 0 < watch.most["freshet_load_memory_bytes"] <= limit
    assert metrics(server)["freshet_load_memory_bytes"] == 0


def test_delta_buffers_of_many_tables_share_their_memory(make_server):
    limit = 32 << 20
    server = make_server({"memory.delta_bytes": limit, "storage.delta_flush_seconds": 3600})
    server.sql("CREATE DATABASE d")
    tables, rounds, rows = 8, 40, 1500
    payload = "y" * 150
    for table in range(tables):
        server.sql(f"CREATE TABLE d.t{table} (id INT, v STRING) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")

    def run(table):
        connection = KeptConnection(server)
        for i in range(rounds):
            connection.load(f"/api/d/t{table}/_stream_load",
                            "".join(f"{i * rows + row},{payload}\n" for row in range(rows)))

    with Watch(server) as watch, ThreadPoolExecutor(tables) as pool:
        list(pool.map(run, range(tables)))
    for table in range(tables):
        assert server.value(f"SELECT count(*) FROM d.t{table}") == rounds * rows
    # Admission looks a few milliseconds back: what eight commits add meanwhile may come on top.
    assert watch.most["freshet_delta_bytes"] <= limit + tables * (1 << 20)
    assert metrics(server)["freshet_flushes_total"] > 0


def wide_rows(first, count):
    return "".join(f"{i}," + ",".join(f"v{i}" for _ in range(20)) + "\n" for i in range(first, first + count))


def make_table_of_many_tablets(server, tablets):
    columns = ", ".join(f"c{i} VARCHAR(20)" for i in range(20))
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT, " + columns + ") UNIQUE KEY(id) PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (1000), "
               f"PARTITION high VALUES LESS THAN MAXVALUE) DISTRIBUTED BY HASH(id) BUCKETS {tablets // 2}")


def test_few_rows_in_many_tablets_take_little_memory(make_server):
    server = make_server()
    make_table_of_many_tablets(server, 512)
    before = server.memory_bytes()
    server.load("d", "t", wide_rows(0, 2000), column_separator=",")
    assert metrics(server)["freshet_delta_bytes"] < 32 << 20
    assert server.memory_bytes() - before < 64 << 20
    assert server.sql("SELECT count(*), count(DISTINCT c19) FROM d.t") == [(2000, 2000)]


def test_more_segments_than_files_may_be_open(make_server):
    server = make_server({"storage.open_files": 64, "storage.small_commit_bytes": 0})
    make_table_of_many_tablets(server, 256)

    def open_segments():
        links = pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()
        return sum("/segments/" in os.readlink(link) for link in links if link.is_symlink())

    def expect_all():
        assert server.sql("SELECT count(*), min(c7), count(DISTINCT c19) FROM d.t") == [(2000, "v0", 2000)]
        assert server.value("SELECT c3 FROM d.t WHERE id = 1234") == "v1234"
        assert open_segments() <= 64

    for first in (0, 1000):
        server.load("d", "t", wide_rows(first, 1000), column_separator=",")
        assert open_segments() <= 64
    assert len(list((server.data_dir / "segments").glob("*"))) >= 200
    expect_all()
    server.kill()
    server.start()
    expect_all()


def test_memory_parts_beyond_the_limit_are_refused(make_server):
    server = make_server({"memory.limit_bytes": "1GiB", "memory.query_bytes": "2GiB"}, start=False)
    try:
        server.start()
        raise AssertionError("the server started")
    except RuntimeError as error:
        assert "memory.limit_bytes" in str(error) and "lower one of them" in str(error)


def test_compaction_over_http(make_server):
    server = make_server({"storage.delta_flush_seconds": 3600, "compaction.trigger_segments": 60})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    tablet = server.sql("SHOW TABLETS FROM d.t")[0][0]

    def ask(method, path):
        status, _, body = server.http(method, path)
        assert status == 200, body
        return json.loads(body)

    run = f"/api/compaction/run?tablet_id={tablet}&compact_type="
    assert "nothing to compact" in ask("POST", run + "full")["msg"]
    for round_ in range(3):
        server.load("d", "t", "".join(f"{i},{round_}\n" for i in range(100)), column_separator=",")
        deadline = time.monotonic() + 30
        while True:
            answer = ask("POST", run + "cumulative")
            while ask("GET", f"/api/compaction/run_status?tablet_id={tablet}")["run_status"]:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            if answer["status"] == "Success" or "nothing to compact" in answer["msg"]:
                break
            # The background has seen the replaced rows first, but perhaps not the last ones.
            assert "already" in answer["msg"], answer
    assert ask("GET", "/api/compaction/run_status") == {"CumulativeCompaction": {"segments": []},
                                                        "BaseCompaction": {"segments": []}}
    shown = ask("GET", f"/api/compaction/show?tablet_id={tablet}")
    assert not shown["last success time"].startswith("1970")
    assert shown["last failure"] == "" and shown["missing_rowsets"] == []
    assert [int(rowset.split(" ")[1]) for rowset in shown["rowsets"]] == [1]
    assert shown["rowsets"][0].endswith(" rows 100 deleted 0")
    assert server.sql("SELECT count(*), max(v) FROM d.t") == [(100, 2)]
    assert ask("POST", "/api/compaction/run?tablet_id=1&compact_type=base")["status"] == "Fail"
    assert "cumulative, base or full" in ask("POST", run + "tiny")["msg"]
    assert ask("POST", "/api/compaction/run?table_id=abc")["status"] == "Fail"
    assert server.http("GET", run + "full")[0] == 405
    assert server.http("POST", run + "full", password="wrong")[0] == 401
