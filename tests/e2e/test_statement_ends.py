"""What ends a statement that waits rather than reads: cursors in their group's queue, and writes that wait for room."""
import threading
import time

import mysql.connector
import pymysql
import pytest

from test_drivers import ServerCursor
from test_workload_groups import ENDLESS, error_of, make_facts, metrics, run_in_background, shop, shown, wait_for  # noqa: F401


def in_group_one(shop, **options):
    connection = mysql.connector.connect(host="127.0.0.1", port=shop.mysql_port, user="root", use_pure=True, **options)
    connection.cmd_query("SET workload_group = one")
    return connection


def test_cursors_wait_in_the_queue_of_their_group(shop):  # noqa: F811
    shop.sql("CREATE WORKLOAD GROUP one PROPERTIES('max_concurrency'='1', 'max_queue_size'='1')")
    reader, other = in_group_one(shop), in_group_one(shop)
    query = "SELECT id, t FROM shop.facts WHERE id >= ?"
    opened = ServerCursor(reader, query, 0)
    rows = opened.fetch(10)[0]
    assert shown(shop, "one")["running_query_num"] == "0", "a cursor that nobody fetches from has no place"
    busy = shop.connect()
    with busy.cursor() as cursor:
        cursor.execute("SET workload_group = one")
    running = run_in_background(shop, ENDLESS, busy)
    wait_for(lambda: shown(shop, "one")["running_query_num"] == "1", "query that runs")

    fetched = []
    fetcher = threading.Thread(target=lambda: fetched.append(opened.fetch(10)))
    fetcher.start()
    wait_for(lambda: shown(shop, "one")["waiting_query_num"] == "1", "fetch that waits")
    with pytest.raises(mysql.connector.Error, match="max_queue_size") as refused:
        ServerCursor(other, query, 0)
    assert refused.value.errno == 1041
    shop.sql(f"KILL QUERY {busy.thread_id()}")
    assert running()[0] == 1317
    fetcher.join(30)
    rows += fetched[0][0]
    # In whatever order.
    assert len({number for number, _ in rows}) == 20 and all(text == f"text {number}" for number, text in rows)

    # Time limits and KILL reach a cursor that waits.
    running = run_in_background(shop, ENDLESS, busy)
    wait_for(lambda: shown(shop, "one")["running_query_num"] == "1", "query that runs")
    other.cmd_query("SET max_execution_time = 100")
    with pytest.raises(mysql.connector.Error, match="max_execution_time is 100 ms") as late:
        ServerCursor(other, query, 0)
    assert late.value.errno == 3024
    other.cmd_query("SET max_execution_time = 0")
    timer = threading.Timer(0.1, shop.sql, [f"KILL QUERY {other.connection_id}"])
    timer.start()
    with pytest.raises(mysql.connector.Error) as killed:
        ServerCursor(other, query, 0)
    assert killed.value.errno == 1317
    timer.join()
    shop.sql(f"KILL QUERY {busy.thread_id()}")
    assert running()[0] == 1317
    assert metrics(shop)['freshet_queries_running{class="big",group="one"}'] == 0
    for connection in (reader, other, busy):
        connection.close()
    shop.sql("DROP WORKLOAD GROUP one")


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A server whose table d.t has no room for more rows, and whose compaction is held up."""
    from support.freshet_server import FreshetServer

    server = FreshetServer(tmp_path_factory.mktemp("full"), {"storage.small_commit_bytes": 0, "compaction.max_segments": 4,
                                                             "compaction.trigger_segments": 2, "query.hang_up_check_ms": 20})
    server.start(failpoints="compaction_start=pause")
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("SET insert_timeout = 1")
    for i in range(5):
        try:
            server.sql(f"INSERT INTO d.t VALUES ({i}, 1)")
        except pymysql.err.MySQLError:
            break
    server.sql("SET insert_timeout = DEFAULT")
    yield server
    server.kill()


WRITES = ["INSERT INTO d.t VALUES (100, 1)", "INSERT INTO d.t SELECT 100, 1", "UPDATE d.t SET v = 2", "DELETE FROM d.t WHERE id = 0"]


@pytest.mark.parametrize("write", WRITES)
def test_writes_that_wait_for_room_end_with_their_time(full, write):
    with full.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET insert_timeout = 1")
        began = time.monotonic()
        code, message = error_of(full, write, connection)
        assert code == 3024 and "insert_timeout is 1 s" in message, message
        assert 0.9 < time.monotonic() - began < 10
        assert full.value("SELECT count(*) FROM d.t WHERE v = 2 OR id = 100") == 0


def test_kill_ends_a_write_that_waits_for_room(full):
    with full.connect() as connection:
        waiting = run_in_background(full, WRITES[0], connection)
        wait_for(lambda: any(row[7] == WRITES[0] for row in full.sql("SHOW PROCESSLIST")), "statement that waits")
        full.sql(f"KILL QUERY {connection.thread_id()}")
        assert waiting()[0] == 1317


def test_a_client_that_hangs_up_ends_a_write_that_waits_for_room(full):
    connection = full.connect()
    connection._execute_command(pymysql.constants.COMMAND.COM_QUERY, WRITES[0])
    wait_for(lambda: any(row[7] == WRITES[0] for row in full.sql("SHOW PROCESSLIST")), "statement that waits")
    connection._force_close()
    wait_for(lambda: not any(row[7] == WRITES[0] for row in full.sql("SHOW PROCESSLIST")), "end of the statement")
    assert full.value("SELECT count(*) FROM d.t WHERE id = 100") == 0


def test_commit_waits_no_longer_than_it_may(full):
    with full.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET insert_timeout = 1")
        cursor.execute("BEGIN")
        code, _ = error_of(full, WRITES[0], connection)
        assert code == 3024
        cursor.execute("ROLLBACK")
