"""BEGIN ... COMMIT over several statements and tables: all or nothing, one snapshot, own writes, conflicts, crashes."""
import itertools
import random
import threading
import time

import mysql.connector
import pytest
from pymysql.err import MySQLError


@pytest.fixture
def db(server, request):
    name = request.node.name.split("[")[0]
    server.sql(f"DROP DATABASE IF EXISTS {name}")
    server.sql(f"CREATE DATABASE {name}")
    server.sql(f"USE {name}")
    return name


class Client:
    """A connection of its own."""

    def __init__(self, server, database):
        self.connection = server.connect(database)

    def __call__(self, query, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return list(cursor.fetchall())

    def affected(self, query):
        with self.connection.cursor() as cursor:
            return cursor.execute(query)


def make_tables(server):
    server.sql("CREATE TABLE accounts (id INT, owner VARCHAR(20), balance BIGINT DEFAULT '0') UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    server.sql("CREATE TABLE log (day INT, what STRING) DUPLICATE KEY(day) DISTRIBUTED BY HASH(day) BUCKETS 2")
    server.sql("CREATE TABLE sums (k INT, total BIGINT SUM) AGGREGATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1")
    server.sql("INSERT INTO accounts VALUES (1, 'ann', 100), (2, 'bob', 100), (3, 'cyd', 0)")
    server.sql("INSERT INTO log VALUES (0, 'begin')")
    server.sql("INSERT INTO sums VALUES (1, 10)")


STATE = ("SELECT * FROM accounts ORDER BY id", "SELECT * FROM log ORDER BY day, what", "SELECT * FROM sums ORDER BY k")


def state(run):
    """What the tables hold for who runs the queries."""
    return [run(query) for query in STATE]


def assert_stays(server, db, expected):
    """Everyone sees it, also after a restart."""
    assert state(server.sql) == expected
    assert server.restart()
    server.sql(f"USE {db}")
    assert state(server.sql) == expected


def test_own_writes_are_seen_and_others_see_them_at_once(server, db):
    make_tables(server)
    client, other = Client(server, db), Client(server, db)
    before = state(other)
    client("BEGIN")
    assert client.affected("UPDATE accounts SET balance = balance - 30 WHERE id = 1") == 1
    assert client.affected("INSERT INTO accounts VALUES (4, 'dan', 30)") == 1
    assert client.affected("UPDATE accounts SET balance = balance + 1 WHERE id IN (1, 4)") == 2
    assert client.affected("DELETE FROM accounts WHERE owner = 'bob'") == 1
    assert client.affected("REPLACE INTO accounts VALUES (3, 'cyd', 7)") == 2
    assert client.affected("INSERT INTO accounts (id, balance) VALUES (4, 5), (5, 5) ON DUPLICATE KEY UPDATE balance = balance * 2") == 3
    client("INSERT INTO log VALUES (1, 'one'), (2, 'two'), (2, 'two')")
    assert client.affected("DELETE FROM log WHERE day IN (0, 1)") == 2
    client("INSERT INTO sums VALUES (1, 5), (2, 1)")
    client("INSERT INTO sums SELECT id, balance FROM accounts WHERE id = 1")
    expected = [[(1, "ann", 71), (3, "cyd", 7), (4, "dan", 62), (5, None, 5)], [(2, "two"), (2, "two")], [(1, 86), (2, 1)]]
    assert state(client) == expected
    assert client("SELECT balance FROM accounts WHERE id = 4") == [(62,)]
    assert client("SELECT balance FROM accounts WHERE id = 2") == []
    assert client("SELECT count(*) FROM accounts a JOIN log l ON l.day = 2") == [(8,)]
    assert state(other) == before
    client("COMMIT")
    assert state(other) == expected
    assert state(client) == expected
    assert_stays(server, db, expected)


def test_rollback_and_failed_statements(server, db):
    make_tables(server)
    client = Client(server, db)
    before = state(client)
    client("START TRANSACTION")
    client("UPDATE accounts SET balance = 0")
    client("INSERT INTO log VALUES (9, 'x')")
    client("ROLLBACK")
    assert state(client) == before
    client("BEGIN")
    client("INSERT INTO accounts VALUES (7, 'eve', 1)")
    with pytest.raises(MySQLError):
        client("INSERT INTO accounts VALUES (8, 'ok', 1), (9, 'a name that is far too long for it', 1)")
    with pytest.raises(MySQLError):
        client("UPDATE accounts SET balance = 'x' WHERE id = 7")
    client("COMMIT")
    assert client("SELECT id FROM accounts ORDER BY id") == [(1,), (2,), (3,), (7,)]
    # A connection that ends takes its transaction with it.
    client("BEGIN")
    client("DELETE FROM accounts")
    client.connection.close()
    assert server.value("SELECT count(*) FROM accounts") == 4


def test_a_transaction_reads_one_snapshot(server, db):
    make_tables(server)
    client = Client(server, db)
    client("BEGIN")
    assert client("SELECT sum(balance) FROM accounts") == [(200,)]
    server.sql("INSERT INTO accounts VALUES (1, 'ann', 1000)")
    server.sql("DELETE FROM accounts WHERE id = 2")
    assert client("SELECT sum(balance), count(*) FROM accounts") == [(200, 3)]
    assert client("SELECT balance FROM accounts WHERE id = 1") == [(100,)]
    client("COMMIT")
    assert client("SELECT sum(balance) FROM accounts") == [(1000,)]


def test_conflicts(server, db):
    make_tables(server)
    first, second = Client(server, db), Client(server, db)
    for client in (first, second):
        client("BEGIN")
        client("UPDATE accounts SET balance = balance + 1 WHERE id = 1")
        client("INSERT INTO log VALUES (5, 'try')")
    first("COMMIT")
    with pytest.raises(MySQLError) as error:
        second("COMMIT")
    assert error.value.args[0] == 1213
    assert first(STATE[0])[0] == (1, "ann", 101) and first("SELECT count(*) FROM log WHERE day = 5") == [(1,)]
    second("UPDATE accounts SET balance = balance + 1 WHERE id = 1")
    assert first(STATE[0])[0] == (1, "ann", 102)
    # Rows that are only inserted depend on nothing: the last commit wins.
    for client, value in ((first, 7), (second, 8)):
        client("BEGIN")
        client(f"INSERT INTO accounts VALUES (9, 'new', {value})")
    second("COMMIT")
    first("COMMIT")
    assert first("SELECT balance FROM accounts WHERE id = 9") == [(7,)]
    # Different rows of one table are no conflict.
    for client, key in ((first, 1), (second, 2)):
        client("BEGIN")
        client(f"UPDATE accounts SET balance = 0 WHERE id = {key}")
    first("COMMIT")
    second("COMMIT")
    assert [row[2] for row in first(STATE[0])[:2]] == [0, 0]


def test_statements_about_tables_end_it(server, db):
    make_tables(server)
    client = Client(server, db)
    client("BEGIN")
    client("INSERT INTO accounts VALUES (4, 'dan', 4)")
    client("CREATE TABLE other (a INT) DUPLICATE KEY(a) DISTRIBUTED BY HASH(a) BUCKETS 1")
    client("ROLLBACK")
    assert client("SELECT count(*) FROM accounts") == [(4,)]
    client("BEGIN")
    client("INSERT INTO accounts VALUES (5, 'eve', 5)")
    client("BEGIN")
    client("ROLLBACK")
    assert client("SELECT count(*) FROM accounts") == [(5,)]


def test_labels_and_refusals(server, db):
    make_tables(server)
    client = Client(server, db)
    for expected in (None, "has already been used"):
        client("BEGIN WITH LABEL together")
        client("INSERT INTO accounts VALUES (4, 'dan', 4)")
        with pytest.raises(MySQLError, match="BEGIN WITH LABEL"):
            client("INSERT INTO log WITH LABEL own VALUES (1, 'x')")
        with pytest.raises(MySQLError, match="INSERT OVERWRITE is not offered between"):
            client("INSERT OVERWRITE TABLE log VALUES (1, 'x')")
        client("DELETE FROM sums WHERE k = 1")
        with pytest.raises(MySQLError, match="either adds rows to the AGGREGATE table"):
            client("INSERT INTO sums VALUES (1, 1)")
        if expected is None:
            client("COMMIT")
        else:
            with pytest.raises(MySQLError, match=expected):
                client("COMMIT")


def test_the_limit_of_a_transaction(make_server):
    server = make_server({"query.transaction_bytes": "64KiB"})
    server.sql("CREATE DATABASE d")
    server.sql("USE d")
    make_tables(server)
    server.sql("BEGIN")
    server.sql("INSERT INTO log SELECT range, 'a row of some length' FROM range(500)")
    with pytest.raises(MySQLError, match="query.transaction_bytes"):
        server.sql("INSERT INTO log SELECT range, 'a row of some length' FROM range(5000)")
    server.sql("COMMIT")
    assert server.value("SELECT count(*) FROM log") == 501


def test_large_transactions_become_segments(make_server):
    server = make_server({"storage.small_commit_bytes": "4KiB"})
    server.sql("CREATE DATABASE d")
    server.sql("USE d")
    make_tables(server)
    server.sql("BEGIN")
    server.sql("INSERT INTO accounts SELECT range, 'x', range FROM range(5000)")
    server.sql("UPDATE accounts SET balance = balance + 1 WHERE id % 2 = 0")
    server.sql("DELETE FROM accounts WHERE id >= 4000")
    server.sql("INSERT INTO log SELECT range, 'x' FROM range(5000)")
    server.sql("COMMIT")
    expected = [(4000, sum(range(4000)) + 2000)]
    assert server.sql("SELECT count(*), sum(balance) FROM accounts") == expected
    server.kill()
    server.start()
    assert server.sql("SELECT count(*), sum(balance) FROM d.accounts") == expected
    assert server.value("SELECT count(*) FROM d.log") == 5001


def test_statements_of_all_kinds_in_a_transaction_keep_each_key_right(make_server, rng):
    """Whole rows, partial rows, updates and deletes of the same keys one after another in a transaction, with other transactions and
    a compaction between them: each key ends as if they had run one by one on a map, at once and after a kill."""
    server = make_server({"storage.small_commit_bytes": "2KiB", "storage.delta_flush_rows": 200})
    server.sql("CREATE DATABASE d")
    server.sql("USE d")
    server.sql("CREATE TABLE t (id INT, a INT DEFAULT '0', b INT DEFAULT '0') UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    client = Client(server, "d")
    rows = {}

    def whole(keys, value):
        client(f"INSERT INTO t VALUES {', '.join(f'({key}, {value}, {value})' for key in keys)}")
        rows.update({key: (value, value) for key in keys})

    def partial(keys, value):
        client("SET enable_unique_key_partial_update = true, enable_insert_strict = false")
        client(f"INSERT INTO t (id, b) VALUES {', '.join(f'({key}, {value})' for key in keys)}")
        client("SET enable_unique_key_partial_update = false")
        rows.update({key: (rows.get(key, (0, 0))[0], value) for key in keys})

    def update(keys, value):
        client(f"UPDATE t SET a = b + {value} WHERE id IN ({', '.join(map(str, keys))})")
        rows.update({key: (rows[key][1] + value, rows[key][1]) for key in keys if key in rows})

    def delete(keys, _):
        client(f"DELETE FROM t WHERE id IN ({', '.join(map(str, keys))})")
        for key in keys:
            rows.pop(key, None)

    def expect_equal():
        assert client("SELECT id, a, b FROM t ORDER BY id") == [(key, *rows[key]) for key in sorted(rows)]

    for transaction in range(12):
        before = dict(rows)
        client("BEGIN")
        for _ in range(rng.randrange(2, 6)):
            keys = rng.sample(range(300), rng.choice([1, 5, 150]))
            rng.choice([whole, whole, partial, partial, update, delete])(keys, rng.randrange(1000))
        expect_equal()
        if rng.random() < 0.2:
            client("ROLLBACK")
            rows = before
        else:
            client("COMMIT")
        if transaction == 6:
            client("ALTER TABLE t COMPACT")
        expect_equal()
    server.kill()
    server.start()
    client = Client(server, "d")
    expect_equal()


def test_transfers_across_kills(make_server, rng):
    """Money moves between two tables while the server is killed again and again: every acknowledged transfer is there, whole, and
    of the others each is there or not."""
    server = make_server({"storage.small_commit_bytes": "4KiB", "storage.delta_flush_rows": 50})
    server.sql("CREATE DATABASE d")
    for table in ("a", "b"):
        server.sql(f"CREATE TABLE d.{table} (id INT, money BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
        server.sql(f"INSERT INTO d.{table} SELECT range, 100 FROM range(20)")
    server.sql("CREATE TABLE d.done (id INT, give INT, take INT, amount INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    total = "SELECT (SELECT sum(money) FROM d.a) + (SELECT sum(money) FROM d.b)"
    sent, acknowledged = itertools.count(), set()
    seeds = [rng.random() for _ in range(3)]

    def work(index, until):
        numbers = random.Random(seeds[index])
        try:
            client = Client(server, "d")
            while time.monotonic() < until:
                give, take, amount = numbers.randrange(20), numbers.randrange(20), numbers.randrange(1, 9)
                transfer = next(sent)
                try:
                    client("BEGIN")
                    client(f"UPDATE a SET money = money - {amount} WHERE id = {give}")
                    client(f"UPDATE b SET money = money + {amount} WHERE id = {take}")
                    client(f"INSERT INTO done VALUES ({transfer}, {give}, {take}, {amount})")
                    client("COMMIT")
                    acknowledged.add(transfer)
                except MySQLError as error:
                    if error.args[0] != 1213:
                        return
                    client("ROLLBACK")
                assert client(total) == [(4000,)]
        except MySQLError:
            return

    def check():
        done = server.sql("SELECT id, give, take, amount FROM d.done")
        lost = acknowledged - {row[0] for row in done}
        assert not lost, f"acknowledged, but gone: {sorted(lost)}"
        money = {"a": [100] * 20, "b": [100] * 20}
        for _, give, take, amount in done:
            money["a"][give] -= amount
            money["b"][take] += amount
        for table, expected in money.items():
            assert server.sql(f"SELECT id, money FROM d.{table} ORDER BY id") == list(enumerate(expected)), table

    for _ in range(3):
        until = time.monotonic() + 1
        threads = [threading.Thread(target=work, args=(i, until + 1)) for i in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(max(0, until - time.monotonic()))
        server.kill()
        for thread in threads:
            thread.join()
        server.start()
        check()
    assert len(acknowledged) > 20


def test_a_key_deleted_and_inserted_again_is_there_once(server, db):
    server.sql("CREATE TABLE t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("INSERT INTO t SELECT range, 0 FROM range(20)")
    client = Client(server, db)
    client("BEGIN")
    for turn in range(1, 4):
        assert client.affected("DELETE FROM t WHERE id < 10") == 10
        assert client("SELECT count(*) FROM t") == [(10,)]
        client("INSERT INTO t VALUES " + ", ".join(f"({key}, {turn})" for key in range(10)))
        assert client(f"SELECT count(*), count(DISTINCT id) FROM t WHERE v = {turn}") == [(10, 10)]
    client.affected("DELETE FROM t WHERE id IN (3, 15)")
    client("INSERT INTO t VALUES (15, 9)")
    client("COMMIT")
    expected = [(key, 9 if key == 15 else 3 if key < 10 else 0) for key in range(20) if key != 3]
    for restart in (server.restart, lambda: (server.kill(), server.start()), lambda: server.sql(f"ALTER TABLE {db}.t COMPACT")):
        assert server.sql(f"SELECT id, v FROM {db}.t ORDER BY id") == expected
        assert server.sql(f"SELECT v FROM {db}.t WHERE id = 3") == []
        assert server.sql(f"SELECT v FROM {db}.t WHERE id = 4") == [(3,)]
        restart()
    assert server.sql(f"SELECT id, v FROM {db}.t ORDER BY id") == expected


def test_older_versions_know_nothing_of_what_the_transaction_changed(server, db):
    server.sql('CREATE TABLE t (id BIGINT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 '
               'PROPERTIES ("history_retention_seconds" = "600")')
    server.sql("INSERT INTO t VALUES (1, 1), (2, 2)")
    first = server.sql("SHOW VERSIONS FROM t LIMIT 1")[0][0]
    server.sql("INSERT INTO t VALUES (2, 20), (3, 3)")
    second, time_of_second = server.sql("SHOW VERSIONS FROM t LIMIT 1")[0][:2]
    client = Client(server, db)

    def check_versions():
        assert client(f"SELECT id, v FROM t FOR VERSION AS OF {first} ORDER BY id") == [(1, 1), (2, 2)]
        assert client(f"SELECT count(*) FROM t FOR VERSION AS OF {first}") == [(2,)]
        assert client(f"SELECT id, v FROM t FOR VERSION AS OF {second} ORDER BY id") == [(1, 1), (2, 20), (3, 3)]
        assert client(f"SELECT id, v FROM t FOR TIME AS OF '{time_of_second}' ORDER BY id") == [(1, 1), (2, 20), (3, 3)]

    client("BEGIN")
    client("DELETE FROM t WHERE id = 2")
    client("UPDATE t SET v = 99 WHERE id = 1")
    client("INSERT INTO t VALUES (7, 7)")
    check_versions()
    assert client("SELECT id, v FROM t ORDER BY id") == [(1, 99), (3, 3), (7, 7)]
    assert client(f"INSERT INTO t SELECT id + 100, v FROM t FOR VERSION AS OF {first}") == []
    assert client(f"UPDATE t SET v = (SELECT sum(v) + 100 FROM t FOR VERSION AS OF {first}) WHERE id = 3") == []
    own = [(1, 99), (3, 103), (7, 7), (101, 1), (102, 2)]
    assert client("SELECT id, v FROM t ORDER BY id") == own
    server.sql("ALTER TABLE t COMPACT")
    check_versions()
    client("COMMIT")
    check_versions()
    assert client("SELECT id, v FROM t ORDER BY id") == own


def test_savepoints(server, db):
    make_tables(server)
    client = Client(server, db)
    before = state(client)
    client("BEGIN")
    client("SAVEPOINT start")
    client("INSERT INTO accounts VALUES (4, 'dan', 1)")
    client("INSERT INTO log VALUES (1, 'one')")
    client("SAVEPOINT one")
    kept = state(client)
    client("UPDATE accounts SET balance = balance + 1")
    client("DELETE FROM accounts WHERE id = 4")
    client("SAVEPOINT two")
    client("INSERT INTO sums VALUES (1, 5), (2, 1)")
    client("DELETE FROM log WHERE day < 5")
    client("ROLLBACK TO SAVEPOINT one")
    assert state(client) == kept
    with pytest.raises(MySQLError, match="SAVEPOINT two does not exist") as gone:
        client("ROLLBACK TO two")
    assert gone.value.args[0] == 1305
    # What comes after a rollback stands beside what came before the savepoint; rows of the same keys and tables as before.
    client("INSERT INTO accounts VALUES (5, 'eve', 5), (4, 'dan', 44)")
    client("INSERT INTO log VALUES (2, 'two')")
    client("INSERT INTO sums VALUES (1, 100)")
    expected = [before[0] + [(4, "dan", 44), (5, "eve", 5)], [(0, "begin"), (1, "one"), (2, "two")], [(1, 110)]]
    assert state(client) == expected
    client("RELEASE SAVEPOINT ONE")
    with pytest.raises(MySQLError, match="SAVEPOINT one does not exist"):
        client("ROLLBACK WORK TO one")
    client("COMMIT")
    assert_stays(server, db, expected)


def test_a_savepoint_before_everything_and_one_that_is_set_again(server, db):
    make_tables(server)
    client = Client(server, db)
    before = state(client)
    client("START TRANSACTION")
    client("SAVEPOINT s")
    client("DELETE FROM accounts")
    client("ROLLBACK TO SAVEPOINT s")
    client("ROLLBACK TO SAVEPOINT s")
    assert state(client) == before
    client("DELETE FROM accounts WHERE id = 1")
    client("SAVEPOINT s")
    client("DELETE FROM accounts")
    client("ROLLBACK TO s")
    client("COMMIT")
    assert client("SELECT id FROM accounts ORDER BY id") == [(2,), (3,)]
    # Without a transaction there is nothing to go back to.
    client("SAVEPOINT s")
    for statement in ("ROLLBACK TO s", "RELEASE SAVEPOINT s"):
        with pytest.raises(MySQLError, match="does not exist"):
            client(statement)
    # Who counts on autocommit = 0 is told before anything is lost.
    client("SET autocommit = 0")
    with pytest.raises(MySQLError, match="needs BEGIN or START TRANSACTION"):
        client("SAVEPOINT s")


def test_taken_back_reads_hold_nobody_up(server, db):
    """A conflict counts for what is committed, not for what was taken back."""
    make_tables(server)
    client = Client(server, db)
    client("BEGIN")
    client("SAVEPOINT s")
    client("UPDATE accounts SET balance = balance + 1 WHERE id = 1")
    client("ROLLBACK TO s")
    client("INSERT INTO accounts VALUES (9, 'ivy', 9)")
    server.sql("UPDATE accounts SET balance = 7 WHERE id = 1")
    client("COMMIT")
    assert server.sql("SELECT id, balance FROM accounts ORDER BY id") == [(1, 7), (2, 100), (3, 0), (9, 9)]


def test_savepoints_are_bounded(server, db):
    client = Client(server, db)
    client("BEGIN")
    for number in range(1000):
        client(f"SAVEPOINT s{number}")
    with pytest.raises(MySQLError, match="at most 1000 savepoints"):
        client("SAVEPOINT more")
    client("SAVEPOINT s7")
    client("RELEASE SAVEPOINT s0")
    client("SAVEPOINT more")
    client("ROLLBACK")


def test_implicit_transactions_are_those_of_mysql(server, db):
    make_tables(server)
    client, other = Client(server, db), Client(server, db)
    balance = "SELECT balance FROM accounts WHERE id = 1"
    client("SET autocommit = 0")
    client("UPDATE accounts SET balance = 90 WHERE id = 1")
    client("ROLLBACK")
    assert other(balance) == [(90,)], "as in Doris, unless it is switched on"
    client("SET implicit_transactions = ON")
    client("UPDATE accounts SET balance = 80 WHERE id = 1")
    client("SAVEPOINT s")
    client("INSERT INTO log VALUES (1, 'one')")
    client("ROLLBACK TO SAVEPOINT s")
    assert (client(balance), other(balance)) == ([(80,)], [(90,)])
    client("COMMIT")
    assert other(balance) == [(80,)]
    # A read begins one too, and each end begins the next.
    assert client("SELECT count(*) FROM accounts") == [(3,)]
    other("INSERT INTO accounts VALUES (4, 'dan', 4)")
    assert client("SELECT count(*) FROM accounts") == [(3,)]
    client("ROLLBACK")
    assert client("SELECT count(*) FROM accounts") == [(4,)]
    client("DELETE FROM accounts WHERE id = 4")
    client("SET autocommit = 1")
    assert other("SELECT count(*) FROM accounts") == [(3,)]
    client("DELETE FROM accounts WHERE id = 3")
    assert other("SELECT count(*) FROM accounts") == [(2,)]
    client("SET autocommit = 0")
    client("DELETE FROM accounts")
    client("CREATE TABLE ends_it (k INT)")
    assert other("SELECT count(*) FROM accounts") == [(0,)]
    client("INSERT INTO accounts VALUES (9, 'ivy', 9)")
    client.connection.close()
    assert other("SELECT count(*) FROM accounts") == [(0,)]


@pytest.mark.parametrize("prepared", (False, True))
def test_drivers_that_begin_by_autocommit(server, db, prepared):
    """Connector/Python as it is: autocommit off, no BEGIN, two connections that meet in one row."""
    make_tables(server)

    def connect():
        return mysql.connector.connect(host="127.0.0.1", port=server.mysql_port, user="root", database=db, use_pure=True,
                                       autocommit=False, init_command="SET implicit_transactions = ON")

    one, two = connect(), connect()
    read = "SELECT balance FROM accounts WHERE id = %s"
    write = "UPDATE accounts SET balance = balance + %s WHERE id = %s"
    cursors = [connection.cursor(prepared=prepared) for connection in (one, two)]
    for cursor in cursors:
        cursor.execute(read, (1,))
        assert cursor.fetchall() == [(100,)]
    cursors[0].execute(write, (5, 1))
    one.commit()
    cursors[1].execute(read, (1,))
    assert cursors[1].fetchall() == [(100,)], "its snapshot is that of its first read"
    cursors[1].execute(write, (7, 1))
    with pytest.raises(mysql.connector.Error) as late:
        two.commit()
    assert late.value.errno == 1213
    cursors[1].execute(read, (1,))
    assert cursors[1].fetchall() == [(105,)]
    for connection in (one, two):
        connection.close()
