"""Interleavings that broke other upsert systems, forced on the real server by failpoints that delay or end it."""
import http.client
import socket
import threading
import time

import pytest
from pymysql.err import MySQLError

from support.kill_plan import check_data

SLEEP = 600  # milliseconds that a failpoint holds a thread, in which the test does the other half
SETTINGS = {"storage.small_commit_bytes": "2KiB", "compaction.trigger_segments": 60, "compaction.dead_fraction": 1.0}


class Case:
    """d.t with keys 0 to 999 at version 1, in two segments and a delta buffer; `rows` is what it must hold."""

    def __init__(self, server):
        self.server, self.rows = server, {}
        server.sql("CREATE DATABASE d")
        server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
        self.load(range(500), 1)
        self.load(range(500, 950), 1)
        self.load(range(950, 1000), 1)

    def restart(self, failpoints):
        assert self.server.stop() == 0
        self.server.start(failpoints)

    def load(self, keys, version, **headers):
        self.server.load("d", "t", "".join(f"{key},{version}\n" for key in keys), column_separator=",", **headers)
        self.rows.update(dict.fromkeys(keys, version))

    def delete(self, keys):
        self.server.load("d", "t", "".join(f"{key}\n" for key in keys), column_separator=",", columns="id", merge_type="DELETE")
        for key in keys:
            self.rows.pop(key, None)

    def change_rows_everywhere(self):
        """Small and large upserts and deletes of old rows, wherever they lie."""
        self.load([3, 600, 955], 2)
        self.delete([4, 601, 956])
        self.load(range(100, 900, 2), 3)
        self.delete(range(101, 700, 5))
        self.load([101, 956], 4)

    def check(self):
        scanned = self.server.sql("SELECT id, v FROM d.t")
        assert dict(scanned) == self.rows and len(scanned) == len(self.rows)
        assert self.server.value("SELECT count(*) FROM d.t") == len(self.rows)
        for key in (3, 4, 100, 101, 600, 601, 955, 956, 999):
            assert self.server.sql(f"SELECT v FROM d.t WHERE id = {key}") == ([(self.rows[key],)] if key in self.rows else []), key

    def check_through_crashes_and_compaction(self):
        self.check()
        self.server.kill()
        check_data(self.server)
        self.server.start()
        self.check()
        self.server.sql("ALTER TABLE d.t COMPACT")
        self.check()
        assert self.server.stop() == 0
        assert not check_data(self.server)

    def in_background(self, action):
        thread = threading.Thread(target=action)
        thread.start()
        return thread

    def wait_for(self, failpoint):
        deadline = time.monotonic() + 30
        while f"failpoint {failpoint} reached" not in self.server.log_path.read_text(errors="replace"):
            assert time.monotonic() < deadline, f"{failpoint} was never reached"
            time.sleep(0.005)


@pytest.fixture
def case(make_server):
    return Case(make_server(SETTINGS))


@pytest.mark.parametrize("failpoint", ["flush_start", "flush_segment_written", "flush_committed", "compaction_start",
                                       "compaction_column_written", "compaction_segment_written", "compaction_committed"])
def test_rows_die_while_they_are_flushed_or_compacted(case, failpoint):
    case.restart(f"{failpoint}=sleep:{SLEEP}@1")
    compaction = case.in_background(lambda: case.server.sql("ALTER TABLE d.t COMPACT"))
    case.wait_for(failpoint)
    case.change_rows_everywhere()
    case.check()
    compaction.join()
    case.check_through_crashes_and_compaction()


@pytest.mark.parametrize("failpoint", ["commit_start", "commit_staged"])
def test_segments_are_compacted_away_under_a_load(case, failpoint):
    case.restart(f"{failpoint}=sleep:{SLEEP}@1")
    load = case.in_background(lambda: case.load(range(0, 1000, 3), 7))
    case.wait_for(failpoint)
    case.server.sql("ALTER TABLE d.t COMPACT")
    load.join()
    case.check_through_crashes_and_compaction()


def test_two_loads_of_the_same_keys_leave_each_key_once(case):
    case.restart(f"commit_start=sleep:{SLEEP}@1")
    first = case.in_background(lambda: case.server.load("d", "t", "".join(f"{key},5\n" for key in range(0, 800)), column_separator=","))
    case.wait_for("commit_start")
    case.load(range(200, 1000), 6)
    first.join()
    case.rows.update(dict.fromkeys(range(800), 5))  # it was published last
    case.check_through_crashes_and_compaction()


def test_a_table_dropped_under_a_load_takes_its_files_along(case):
    case.restart(f"commit_start=sleep:{SLEEP}@1")
    answers = []
    load = case.in_background(lambda: answers.append(case.server.stream_load(
        "d", "t", "".join(f"{key},5\n" for key in range(1000)), column_separator=",", label="late")))
    case.wait_for("commit_start")
    case.server.sql("DROP TABLE d.t")
    load.join()
    assert answers[0]["Status"] == "Fail" and "dropped" in answers[0]["Message"]
    case.server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    case.rows = {}
    case.load([3], 1, label="late")  # the label of a load that failed is free again
    case.check_through_crashes_and_compaction()


@pytest.mark.parametrize("failpoint, is_there", [("commit_start", False), ("commit_before_write", False), ("commit_after_write", True),
                                                 ("commit_after_install", True)])
def test_the_label_tells_what_became_of_a_load_without_an_answer(case, failpoint, is_there):
    case.restart(f"{failpoint}=crash@1")
    keys = range(0, 1000, 7)
    body = "".join(f"{key},9\n" for key in keys)
    with pytest.raises((OSError, http.client.HTTPException)):
        case.server.stream_load("d", "t", body, column_separator=",", label="unclear")
    case.server.process.wait(30)
    case.server.start()
    if is_there:
        case.rows.update(dict.fromkeys(keys, 9))
    case.check()
    answer = case.server.stream_load("d", "t", body, column_separator=",", label="unclear")
    assert answer["Status"] == ("Label Already Exists" if is_there else "Success")
    case.rows.update(dict.fromkeys(keys, 9))
    case.check_through_crashes_and_compaction()


def test_one_label_on_two_connections_at_once_loads_once(case):
    case.restart(f"commit_start=sleep:{SLEEP}@1")
    first = case.in_background(lambda: case.load(range(50), 8, label="twice"))
    case.wait_for("commit_start")
    second = case.server.stream_load("d", "t", "1,99\n", column_separator=",", label="twice")
    assert second["Status"] == "Label Already Exists" and second["ExistingJobStatus"] == "RUNNING"
    first.join()
    case.check_through_crashes_and_compaction()


def test_a_client_that_leaves_before_the_answer_finds_its_load_by_the_label(case):
    case.restart(f"commit_before_write=sleep:{SLEEP}@1")
    body = "1,77\n2,77\n"
    with socket.create_connection(("127.0.0.1", case.server.http_port)) as connection:
        connection.sendall(("PUT /api/d/t/_stream_load HTTP/1.1\r\nHost: x\r\nAuthorization: Basic cm9vdDo=\r\nlabel: left\r\n"
                            f"column_separator: ,\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
        case.wait_for("commit_before_write")
    time.sleep(SLEEP / 1000)
    deadline = time.monotonic() + 30
    while (answer := case.server.stream_load("d", "t", body, column_separator=",", label="left"))["ExistingJobStatus"] != "FINISHED":
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)
    case.rows.update({1: 77, 2: 77})
    case.check_through_crashes_and_compaction()


def test_acknowledged_ddl_survives_a_crash_at_once(case, kafka):
    server = case.server
    server.sql("CREATE TABLE d.days (day DATE NOT NULL, id INT) UNIQUE KEY(day, id) PARTITION BY RANGE(day) "
               "(PARTITION p1 VALUES LESS THAN ('2024-01-01')) DISTRIBUTED BY HASH(id) BUCKETS 1")
    partitions = "SELECT count(*) FROM information_schema.partitions WHERE table_schema = 'd' AND table_name = 'days'"
    kafka.create_topic("ddl", partitions=1)
    job = (f'CREATE ROUTINE LOAD d.job ON t COLUMNS TERMINATED BY "," FROM KAFKA ("kafka_broker_list" = "{kafka.address}", '
           '"kafka_topic" = "ddl", "property.kafka_default_offsets" = "OFFSET_END")')
    for statement, look, expected in (
            ("CREATE TABLE d.new (id BIGINT NOT NULL) UNIQUE KEY(id)", "SHOW TABLES FROM d", [("days",), ("new",), ("t",)]),
            ("ALTER TABLE d.new ADD COLUMN v INT DEFAULT '3'", "SELECT count(v) FROM d.new", [(0,)]),
            ("ALTER TABLE d.new RENAME newer", "SHOW TABLES FROM d", [("days",), ("newer",), ("t",)]),
            ("ALTER TABLE d.days ADD PARTITION p2 VALUES LESS THAN ('2025-01-01')", partitions, [(2,)]),
            ("ALTER TABLE d.days DROP PARTITION p1", partitions, [(1,)]),
            ("CREATE VIEW d.seen AS SELECT 7 AS x", "SELECT * FROM d.seen", [(7,)]),
            ("DROP VIEW d.seen", "SHOW TABLES FROM d", [("days",), ("newer",), ("t",)]),
            ("TRUNCATE TABLE d.t", "SELECT count(*) FROM d.t", [(0,)]),
            ("DROP TABLE d.newer", "SHOW TABLES FROM d", [("days",), ("t",)]),
            ("CREATE DATABASE other", "SHOW TABLES FROM other", []),
            ("DROP DATABASE other", "SHOW TABLES FROM d", [("days",), ("t",)]),
            (job, "SELECT 1", [(1,)]),
            ("PAUSE ROUTINE LOAD FOR d.job", "SELECT 1", [(1,)])):
        server.sql(statement)
        server.kill()
        check_data(server)
        server.start()
        assert sorted(server.sql(look)) == expected, statement
        if "ROUTINE LOAD" in statement:
            state = server.sql("SHOW ALL ROUTINE LOAD FOR d.job")[0][8]
            assert (state == "PAUSED") == statement.startswith("PAUSE"), state
    server.sql("STOP ROUTINE LOAD FOR d.job")


@pytest.mark.parametrize("failpoint, is_there", [("ddl_staged", True), ("ddl_committed", False)])
def test_a_database_is_dropped_whole_or_not_at_all(make_server, failpoint, is_there):
    server = make_server(SETTINGS)
    server.sql("CREATE DATABASE d")
    for table in ("a", "b", "c"):
        server.sql(f"CREATE TABLE d.{table} (id BIGINT NOT NULL, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
        server.load("d", table, "".join(f"{key},1\n" for key in range(500)), column_separator=",", label=f"of_{table}")
    assert server.stop() == 0
    server.start(f"{failpoint}=crash@1")
    with pytest.raises(MySQLError):
        server.sql("DROP DATABASE d")
    server.process.wait(30)
    check_data(server)
    server.start()
    if is_there:
        assert [name for name, in server.sql("SHOW TABLES FROM d")] == ["a", "b", "c"]
        assert [server.value(f"SELECT count(*) FROM d.{table}") for table in ("a", "b", "c")] == [500] * 3
        server.sql("DROP DATABASE d")
    assert ("d",) not in server.sql("SHOW DATABASES")
    server.sql("CREATE DATABASE d")
    assert server.sql("SHOW TABLES FROM d") == []
    assert server.stop() == 0
    assert not check_data(server)
    assert not list((server.data_dir / "segments").glob("*.seg"))


@pytest.mark.parametrize("failpoint", ["commit_before_write", "commit_after_write"])
def test_a_group_commit_that_is_sent_again_counts_once(case, failpoint):
    case.restart(f"{failpoint}=crash@1")
    body = "".join(f"{key},8\n" for key in range(990, 1010))
    with pytest.raises((OSError, http.client.HTTPException)):
        case.server.stream_load("d", "t", body, column_separator=",", group_commit="sync_mode")
    case.server.process.wait(30)
    case.server.start()
    case.load(range(990, 1010), 8, group_commit="sync_mode")
    case.check_through_crashes_and_compaction()


def test_every_read_sees_each_key_once_while_it_is_replaced(make_server):
    """count(*), scans and point reads during upserts of all keys, flushes and compactions."""
    server = make_server({"storage.small_commit_bytes": "2KiB", "storage.delta_flush_rows": 100, "storage.delta_flush_seconds": 1,
                          "compaction.trigger_segments": 2})
    case, until, failures = Case(server), time.monotonic() + 3, []

    def write(number):
        for turn in range(10_000):
            if time.monotonic() > until:
                return
            keys = range(number, 1000, 2) if turn % 3 == 0 else range(turn % 900 + number, turn % 900 + 60, 2)
            server.load("d", "t", "".join(f"{key},{turn}\n" for key in keys), column_separator=",")

    def read(number):
        for turn in range(100_000):
            if time.monotonic() > until or failures:
                return
            key = (turn * 37 + number) % 1000
            for query, expected in ((f"SELECT id FROM d.t WHERE id = {key}", [(key,)]), ("SELECT count(*) FROM d.t", [(1000,)]),
                                    ("SELECT count(v), count(DISTINCT id), sum(id) FROM d.t", [(1000, 1000, 999 * 500)])):
                found = server.sql(query)
                if found != expected:
                    failures.append((query, found))

    threads = [threading.Thread(target=action, args=(number,)) for action in (write, read) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    case.rows = dict(server.sql("SELECT id, v FROM d.t"))
    assert sorted(case.rows) == list(range(1000))
    case.check_through_crashes_and_compaction()
