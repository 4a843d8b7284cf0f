"""ALTER TABLE while loads, queries and routine loads run, and while the server is killed."""
import json
import threading
import time

import pymysql
import pytest

from support.running_load import RunningLoad

WAIT_SECONDS = 60


def in_background(run):
    problems = []

    def guarded():
        try:
            run()
        except Exception as problem:  # The test's own thread tells it.
            problems.append(problem)

    thread = threading.Thread(target=guarded)
    thread.start()

    def join():
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive() and problems == []

    return join


def create_table(server):
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT NOT NULL, a INT, b VARCHAR(20), c INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")


@pytest.mark.parametrize("rows", (20, 200_000), ids=("carried", "segments"))
def test_a_stream_load_that_began_before_the_change_commits(make_server, rows):
    server = make_server({"storage.memtable_bytes": "1MiB", "ingest.max_row_bytes": "64KiB"})
    create_table(server)
    server.load("d", "t", "".join(f"{i},0,old,0\n" for i in range(0, rows, 3)), column_separator=",")

    load = RunningLoad(server, "d", "t", column_separator=",")
    lines = [f"{i},{i},load,{i}\n" for i in range(rows)]
    load.send("".join(lines[:rows // 2]))
    server.sql("ALTER TABLE d.t ADD COLUMN x INT NOT NULL DEFAULT '5' AFTER id, MODIFY COLUMN a BIGINT, DROP COLUMN b")
    server.sql("ALTER TABLE d.t ADD COLUMN b VARCHAR(5) DEFAULT 'new', RENAME COLUMN c z")
    server.sql("INSERT INTO d.t VALUES (0, 6, 5000000000, 60, 'mine')")
    load.send("".join(lines[rows // 2:]))
    answer = load.finish()
    assert answer["NumberLoadedRows"] == rows
    expected = (rows, 5 * rows, rows * (rows - 1) // 2, rows * (rows - 1) // 2, "new", "new")
    for _ in range(2):
        assert server.sql("SELECT count(*), sum(x), sum(a), sum(z), min(b), max(b) FROM d.t") == [expected]
        assert server.sql("SELECT * FROM d.t WHERE id = 3") == [(3, 5, 3, 3, "new")]
        server.restart()
        server.sql("ALTER TABLE d.t COMPACT")


def test_inserts_and_cursors_that_run_keep_their_schema(make_server):
    server = make_server({"storage.memtable_bytes": "1MiB", "ingest.max_row_bytes": "64KiB"})
    create_table(server)
    server.sql("INSERT INTO d.t SELECT range, range, 'text', 1 FROM range(300000)")
    server.sql("CREATE TABLE d.u (id INT NOT NULL, a INT, b VARCHAR(20)) UNIQUE KEY(id)")
    reader = server.connect("d")
    cursor = reader.cursor(pymysql.cursors.SSCursor)
    cursor.execute("SELECT id, a, b, c FROM t")
    found = [cursor.fetchone()]
    join = in_background(lambda: server.sql("INSERT INTO d.u SELECT id, a, b FROM d.t"))
    time.sleep(0.03)
    server.sql("ALTER TABLE d.t DROP COLUMN b, DROP COLUMN c, MODIFY COLUMN a LARGEINT")
    server.sql("ALTER TABLE d.u DROP COLUMN b, ADD COLUMN n INT DEFAULT '1'")
    server.sql("INSERT INTO d.t SELECT range, -1 FROM range(300000)")
    server.sql("ALTER TABLE d.t COMPACT")
    found += cursor.fetchall()
    cursor.close()
    reader.close()
    join()
    assert sorted(found) == [(i, i, "text", 1) for i in range(300_000)]
    assert server.sql("SELECT count(*), count(*) FILTER (WHERE a = id), sum(n) FROM d.u") in (
        [(300_000, 300_000, 300_000)], [(300_000, 0, 300_000)]), "one snapshot of t, whole"
    assert server.value("SELECT count(*) FROM d.t WHERE a = -1") == 300_000


def test_a_routine_load_goes_on_over_changes(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("alter_meanwhile", partitions=2)
    server.sql('CREATE ROUTINE LOAD d.j ON t PROPERTIES ("format" = "json") FROM KAFKA '
               f'("kafka_broker_list" = "{kafka.address}", "kafka_topic" = "alter_meanwhile", "property.kafka_default_offsets" = "OFFSET_BEGINNING")')
    produced = 0

    def produce(count):
        nonlocal produced
        kafka.produce("alter_meanwhile", [(str(i), json.dumps({"id": i, "a": i, "b": "b", "c": 1, "x": i * 10_000})) for i in range(produced, produced + count)])
        produced += count

    produce(2000)
    for i in range(6):
        server.sql(f"ALTER TABLE d.t ADD COLUMN n{i} INT DEFAULT '{i}' AFTER id" + (f", DROP COLUMN n{i - 1}" if i else ""))
        produce(500)
    server.sql("ALTER TABLE d.t MODIFY COLUMN a BIGINT, DROP COLUMN c, ADD COLUMN x BIGINT")
    produce(500)
    with pytest.raises(pymysql.Error, match="the routine load j writes to it by its name"):
        server.sql("ALTER TABLE d.t RENAME u")
    deadline = time.monotonic() + WAIT_SECONDS
    while server.value("SELECT count(*) FROM d.t") < produced and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.sql("SELECT count(*), sum(a), min(b), max(n5) FROM d.t") == [(produced, produced * (produced - 1) // 2, "b", 5)]
    assert server.sql(f"SELECT x FROM d.t WHERE id = {produced - 1}") == [((produced - 1) * 10_000,)]
    statistic = json.loads(server.sql("SHOW ROUTINE LOAD FOR d.j")[0][14])
    assert statistic["errorRows"] == 0 and statistic["loadedRows"] == produced


def test_a_kill_leaves_each_change_done_or_not(make_server, rng):
    server = make_server({"storage.delta_flush_rows": 500})
    create_table(server)
    server.sql("ALTER TABLE d.t DROP COLUMN c, ADD COLUMN c0 INT NOT NULL DEFAULT '0' AFTER id")
    rows, finished = 0, 1
    for _ in range(6):
        died = threading.Event()

        def alter():
            nonlocal finished
            while not died.is_set():
                server.sql(f"ALTER TABLE d.t DROP COLUMN c{finished - 1}, ADD COLUMN c{finished} INT NOT NULL DEFAULT '{finished}' AFTER id")
                finished += 1

        thread = threading.Thread(target=lambda: pytest.raises((pymysql.Error, OSError), alter))
        thread.start()
        deadline = time.monotonic() + rng.random() * 0.3
        while time.monotonic() < deadline:
            server.load("d", "t", f"{rows},{rows},x\n", column_separator=",", columns="id,a,b")
            rows += 1
        server.kill()
        thread.join(WAIT_SECONDS)
        died.set()
        server.start()
        columns = [row[0] for row in server.sql("DESC d.t")]
        # The statement that was running is done or not, never half.
        assert columns in (["id", f"c{finished - 1}", "a", "b"], ["id", f"c{finished}", "a", "b"]), (columns, finished)
        finished = int(columns[1][1:]) + 1
        assert server.sql("SELECT count(*), sum(a), min(b) FROM d.t") == [(rows, rows * (rows - 1) // 2, "x")]
        assert server.value(f"SELECT count(*) FROM d.t WHERE {columns[1]} = {finished - 1}") == rows
    assert finished > 6


def test_a_table_in_the_making_that_changes_places_takes_no_other_with_it(make_server):
    """A failed CREATE TABLE AS drops what it made, not what has the name by then."""
    server = make_server()
    create_table(server)
    server.sql("INSERT INTO d.t (id, a) SELECT range, 1 FROM range(3000)")
    maker = server.connect()
    refused = []

    def make():
        try:
            maker.cursor().execute("CREATE TABLE d.made AS SELECT x.id, sum(sin(x.a + y.a * z.a)) AS s FROM d.t x, d.t y, d.t z GROUP BY x.id")
        except pymysql.err.Error as problem:
            refused.append(problem.args[0])

    join = in_background(make)
    deadline = time.monotonic() + WAIT_SECONDS
    while not server.sql("SHOW TABLES FROM d LIKE 'made'"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    server.sql("ALTER TABLE d.t REPLACE WITH TABLE made")
    server.sql(f"KILL QUERY {maker.thread_id()}")
    join()
    assert refused == [1317]
    assert server.sql("SHOW TABLES FROM d") == [("made",)]
    assert server.sql("SELECT count(*) FROM d.made") == [(3000,)]
