"""Workload groups, the classes of queries, and what ends a query that takes too much."""
import threading
import time

import pymysql
import pytest

from support.freshet_server import FreshetServer
from test_bounds import metrics

ROWS = 400_000
#: A scan of the table is big; a busy machine makes no small query big.
SETTINGS = {"query.small_scan_bytes": "1MiB", "query.small_milliseconds": "600000"}
#: Nobody waits for its end.
ENDLESS = "SELECT count(*) FROM shop.facts a, shop.facts b WHERE (a.id * b.id) % 7 = 3"
BIG = "SELECT v, count(*), sum(id) FROM shop.facts GROUP BY v ORDER BY v"


def make_facts(server):
    server.sql("CREATE DATABASE IF NOT EXISTS shop")
    server.sql("CREATE TABLE shop.facts (id BIGINT, v INT, t VARCHAR(40)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.load("shop", "facts", "".join(f"{i},{i % 5},text {i}\n" for i in range(ROWS)), column_separator=",")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    server = FreshetServer(tmp_path_factory.mktemp("server"), SETTINGS).start()
    make_facts(server)
    yield server
    assert server.stop() == 0, server.log_tail()


def error_of(server, statement, connection=None):
    with pytest.raises(pymysql.err.MySQLError) as caught:
        if connection is None:
            server.sql(statement)
        else:
            with connection.cursor() as cursor:
                cursor.execute(statement)
    return caught.value.args


def shown(server, name):
    connection = server.connect(cursorclass=pymysql.cursors.DictCursor)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW WORKLOAD GROUPS LIKE '{name}'")
        rows = cursor.fetchall()
    assert len(rows) <= 1
    return rows[0] if rows else None


def run_in_background(server, statement, connection):
    """Starts a statement; the function answers its error, or None, when it has ended."""
    outcome = []

    def run():
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                cursor.fetchall()
            outcome.append(None)
        except pymysql.err.MySQLError as error:
            outcome.append(error.args)

    thread = threading.Thread(target=run)
    thread.start()

    def wait():
        thread.join(60)
        assert not thread.is_alive()
        return outcome[0]

    return wait


def wait_for(holds, what):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, f"no {what} within 30 s"
        time.sleep(0.01)


def test_groups_are_made_changed_and_dropped(shop):
    assert shown(shop, "normal")["Name"] == "normal"
    shop.sql("CREATE WORKLOAD GROUP IF NOT EXISTS g1 PROPERTIES('cpu_share'='512', 'memory_limit'='30%', "
             "'enable_memory_overcommit'='true')")
    shop.sql("CREATE WORKLOAD GROUP IF NOT EXISTS 'g1' PROPERTIES('cpu_share'='1')")
    assert error_of(shop, "CREATE WORKLOAD GROUP g1")[0] == 1050
    row = shown(shop, "g1")
    assert (row["cpu_share"], row["memory_limit"], row["enable_memory_overcommit"]) == ("512", "30%", "true")
    assert (row["max_concurrency"], row["running_query_num"], row["waiting_query_num"]) == ("2147483647", "0", "0")
    shop.sql("ALTER WORKLOAD GROUP g1 PROPERTIES('max_concurrency'='3', 'max_queue_size'='7', 'query_timeout'='50')")
    assert shop.sql("SELECT name, cpu_share, max_concurrency, max_queue_size, query_timeout FROM "
                    "information_schema.workload_groups WHERE name <> 'normal'") == [("g1", 512, 3, 7, 50)]
    assert "remote" in error_of(shop, "ALTER WORKLOAD GROUP g1 PROPERTIES('max_remote_scan_thread_num'='10')")[1]
    assert "not supported" in error_of(shop, "ALTER WORKLOAD GROUP g1 PROPERTIES('colour'='red')")[1]
    assert "does not exist" in error_of(shop, "ALTER WORKLOAD GROUP g2 PROPERTIES('cpu_share'='1')")[1]
    assert "not allowed" in error_of(shop, "DROP WORKLOAD GROUP normal")[1]
    shop.sql("DROP WORKLOAD GROUP g1")
    shop.sql("DROP WORKLOAD GROUP IF EXISTS g1")
    assert shown(shop, "g1") is None


def test_sessions_hints_and_users_choose_the_group(shop):
    shop.sql("CREATE WORKLOAD GROUP chosen PROPERTIES('max_concurrency'='5')")
    admitted = 'freshet_queries_admitted_total{class="big",group="chosen"}'
    with shop.connect() as connection, connection.cursor() as cursor:
        assert "does not exist" in error_of(shop, "SET workload_group = 'nowhere'", connection)[1]
        cursor.execute("SET workload_group = 'chosen'")
        cursor.execute("SELECT @@workload_group")
        assert cursor.fetchall() == (("chosen",),)
        cursor.execute(BIG)
        assert len(cursor.fetchall()) == 5
        assert metrics(shop)[admitted] == 1
        cursor.execute("SET workload_group = ''")
        cursor.execute(BIG)
        cursor.execute(BIG.replace("SELECT", "SELECT /*+ SET_VAR(workload_group='chosen') */", 1))
        assert metrics(shop)[admitted] == 2
        cursor.execute("SET PROPERTY FOR 'root' 'default_workload_group' = 'chosen'")
        cursor.execute(BIG)
        assert metrics(shop)[admitted] == 3
        assert "'root'" in error_of(shop, "DROP WORKLOAD GROUP chosen", connection)[1]
        assert "default_workload_group" in error_of(shop, "SET PROPERTY FOR 'root' 'max_query_instances' = '5'")[1]
        cursor.execute("SET PROPERTY FOR 'root' 'default_workload_group' = ''")
        cursor.execute("DROP WORKLOAD GROUP chosen")


def test_groups_are_there_after_a_restart(make_server):
    server = make_server()
    server.sql("CREATE WORKLOAD GROUP kept PROPERTIES('cpu_share'='7')")
    server.sql("ALTER WORKLOAD GROUP normal PROPERTIES('max_concurrency'='11')")
    server.sql("SET PROPERTY FOR 'root' 'default_workload_group' = 'kept'")
    server.restart()
    assert shown(server, "kept")["cpu_share"] == "7"
    assert shown(server, "normal")["max_concurrency"] == "11"
    assert "'root'" in error_of(server, "DROP WORKLOAD GROUP kept")[1]


def test_a_full_queue_refuses_and_small_queries_pass_it(shop):
    shop.sql("CREATE WORKLOAD GROUP one PROPERTIES('max_concurrency'='1', 'max_queue_size'='1', 'queue_timeout'='60000')")
    connections = []
    for _ in range(3):
        connection = shop.connect()
        with connection.cursor() as cursor:
            cursor.execute("SET workload_group = one")
        connections.append(connection)
    running = run_in_background(shop, ENDLESS, connections[0])
    wait_for(lambda: shown(shop, "one")["running_query_num"] == "1", "query that runs")
    waiting = run_in_background(shop, BIG, connections[1])
    wait_for(lambda: shown(shop, "one")["waiting_query_num"] == "1", "query that waits")
    code, message = error_of(shop, BIG, connections[2])
    assert code == 1041 and "max_concurrency" in message and "max_queue_size" in message, message
    with connections[2].cursor() as cursor:
        cursor.execute("SELECT count(*), sum(v) FROM shop.facts WHERE id BETWEEN 5 AND 9")
        assert cursor.fetchall() == ((5, 10),)
    assert len(shop.sql(BIG)) == 5, "the group normal has places of its own"
    shop.sql(f"KILL QUERY {connections[0].thread_id()}")
    assert running()[0] == 1317
    assert waiting() is None
    figures = metrics(shop)
    assert figures['freshet_queries_rejected_total{class="big",group="one"}'] == 1
    shop.sql("ALTER WORKLOAD GROUP one PROPERTIES('max_concurrency'='0', 'queue_timeout'='50')")
    code, message = error_of(shop, BIG, connections[2])
    assert code == 3024 and "queue_timeout of workload group one is 50 ms" in message, message
    for connection in connections:
        connection.close()
    shop.sql("DROP WORKLOAD GROUP one")


@pytest.mark.parametrize("statement", [
    ENDLESS,
    "SELECT count(*) FROM shop.facts a, shop.facts b WHERE a.v = b.v AND (a.id * b.id) % 7 = 3",
    "SELECT a.id, b.id FROM shop.facts a, shop.facts b WHERE (a.id * b.id) % 7 = 3 ORDER BY 1, 2 LIMIT 5",
    "UPDATE shop.facts SET v = (SELECT count(*) FROM shop.facts a, shop.facts b WHERE (a.id * b.id) % 7 = 3)",
    "INSERT INTO shop.facts SELECT a.id, 1, 'x' FROM shop.facts a, shop.facts b WHERE (a.id * b.id) % 7 = 8",
])
def test_time_limits_end_statements_and_nothing_else(shop, statement):
    with shop.connect() as connection, connection.cursor() as cursor:
        variable = "query_timeout" if statement.startswith("SELECT") else "insert_timeout"
        cursor.execute(f"SET {variable} = 1")
        began = time.monotonic()
        code, message = error_of(shop, statement, connection)
        assert code == 3024 and f"{variable} is 1 s" in message, message
        assert time.monotonic() - began < 30
        cursor.execute("SELECT count(*) FROM shop.facts")
        assert cursor.fetchall() == ((ROWS,),)


def test_time_limits_come_from_hints_sessions_and_groups(shop):
    assert "max_execution_time is 100 ms" in error_of(shop, ENDLESS.replace("SELECT", "SELECT /*+ MAX_EXECUTION_TIME(100) */", 1))[1]
    assert "query_timeout is 1 s" in error_of(shop, ENDLESS.replace("SELECT", "SELECT /*+ SET_VAR(query_timeout = 1) */", 1))[1]
    with shop.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET max_execution_time = 200")
        assert "max_execution_time is 200 ms" in error_of(shop, ENDLESS, connection)[1]
        cursor.execute("SET max_execution_time = DEFAULT")
        cursor.execute("SELECT @@max_execution_time, @@query_timeout, @@insert_timeout")
        assert [int(value) for value in cursor.fetchone()] == [0, 900, 14400]
        assert "number" in error_of(shop, "SET query_timeout = 'soon'", connection)[1]
        shop.sql("CREATE WORKLOAD GROUP brief PROPERTIES('query_timeout'='1')")
        cursor.execute("SET workload_group = brief")
        assert "query_timeout of workload group brief is 1 s" in error_of(shop, ENDLESS, connection)[1]
        cursor.execute("SET workload_group = ''")
        shop.sql("DROP WORKLOAD GROUP brief")


def test_a_query_spills_or_fails_alone(make_server):
    server = make_server({"memory.query_bytes": "80MiB", "memory.small_query_bytes": "16MiB", "query.spill_bytes": "512MiB"})
    leftover = server.data_dir / "temporary" / "queries" / "left.tmp"
    leftover.write_text("of a server that crashed")
    server.restart()
    assert not leftover.exists()
    make_facts(server)
    spilling = "SELECT count(*), max(x) FROM (SELECT a.id, md5(concat(a.t, b.v)) AS x FROM shop.facts a JOIN " \
               "(SELECT 1 AS v UNION ALL SELECT 2 UNION ALL SELECT 3) b ON a.id >= 0 ORDER BY x, a.id LIMIT 2000000) q"
    assert server.sql(spilling)[0][0] == 3 * ROWS
    # A list that is one value cannot be spilled.
    code, message = error_of(server, "SELECT length(group_concat(concat(a.t, b.t))) FROM shop.facts a JOIN shop.facts b ON "
                                     "a.v = b.v AND b.id < 2000")
    assert code == 1041 and "workload group normal" in message and "memory.query_bytes" in message, message
    assert len(server.sql(BIG)) == 5
    assert server.sql("SELECT count(*) FROM shop.facts") == [(ROWS,)]


def test_statements_are_counted_by_class(make_server):
    server = make_server(SETTINGS)
    make_facts(server)
    server.sql("SELECT * FROM shop.facts WHERE id = 7")
    server.sql("SELECT sum(v) FROM shop.facts WHERE id < 50")
    server.sql(BIG)
    figures = metrics(server)
    for name in ("point", "small", "big"):
        assert figures[f'freshet_statement_seconds_count{{class="{name}"}}'] == 1, name
