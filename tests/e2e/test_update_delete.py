"""UPDATE and DELETE by any condition: what they change, what they count, and that no concurrent change is lost."""
import threading

import pymysql
import pytest
from pymysql.constants import CLIENT
from pymysql.err import MySQLError


@pytest.fixture
def db(server, request):
    """A database of the test's own, which the thread's connection uses."""
    name = request.node.name.split("[")[0]
    server.sql(f"DROP DATABASE IF EXISTS {name}")
    server.sql(f"CREATE DATABASE {name}")
    server.sql(f"USE {name}")
    return name


def make_items(server, buckets=2, columns="id BIGINT, name VARCHAR(20), amount INT, price DECIMAL(10,2) DEFAULT '1.50'", model="UNIQUE"):
    server.sql(f"CREATE TABLE items ({columns}) {model} KEY(id) DISTRIBUTED BY HASH(id) BUCKETS {buckets}")
    server.sql("INSERT INTO items VALUES (1,'one',10,1), (2,'two',20,2), (3,NULL,30,3), (4,'four',NULL,4)")


def changed(server, statement, *parameters):
    """(affected rows, info) of a statement."""
    with server._connection().cursor() as cursor:
        affected = cursor.execute(statement, parameters or None)
        message = cursor._result.message
        return affected, (message or b"")[1:].decode()  # PyMySQL leaves the length before the text


def items(server, columns="id, name, amount"):
    return server.sql(f"SELECT {columns} FROM items ORDER BY id")


def test_update_by_condition(server, db):
    make_items(server)
    assert changed(server, "UPDATE items SET amount = amount + 1, name = upper(name) WHERE id > 1 AND amount < 100") == (
        2, "Rows matched: 2  Changed: 2  Warnings: 0")
    assert items(server) == [(1, "one", 10), (2, "TWO", 21), (3, None, 31), (4, "four", None)]
    assert changed(server, "UPDATE items SET amount = 31 WHERE id IN (2, 3)") == (1, "Rows matched: 2  Changed: 1  Warnings: 0")
    assert changed(server, "UPDATE items SET amount = 5 WHERE id = 99") == (0, "Rows matched: 0  Changed: 0  Warnings: 0")
    assert changed(server, "UPDATE items AS i SET i.price = DEFAULT, i.name = NULL") == (4, "Rows matched: 4  Changed: 4  Warnings: 0")
    assert [str(row[0]) for row in server.sql("SELECT price FROM items")] == ["1.50"] * 4
    assert server.value("SELECT count(*) FROM items WHERE name IS NULL") == 4
    assert changed(server, "UPDATE items SET amount = id * 2 ORDER BY id DESC LIMIT 2")[0] == 2
    assert items(server, "id, amount") == [(1, 10), (2, 31), (3, 6), (4, 8)]
    # All expressions see the row as it was, as in Doris.
    server.sql("UPDATE items SET amount = amount + 1, price = amount WHERE id = 4")
    assert [(row[0], str(row[1])) for row in server.sql("SELECT amount, price FROM items WHERE id = 4")] == [(9, "8.00")]


def test_found_rows(server, db):
    make_items(server)
    connection = server.connect(db, client_flag=CLIENT.FOUND_ROWS)
    with connection.cursor() as cursor:
        assert cursor.execute("UPDATE items SET amount = 10 WHERE id < 3") == 2
    connection.close()
    assert changed(server, "UPDATE items SET amount = 10 WHERE id < 3")[0] == 0


def test_update_with_other_tables(server, db):
    make_items(server)
    server.sql("CREATE TABLE extra (id BIGINT, plus INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("INSERT INTO extra VALUES (1, 100), (2, 200), (2, 200), (9, 900)")
    assert changed(server, "UPDATE items SET amount = amount + extra.plus FROM extra WHERE items.id = extra.id")[0] == 2
    assert items(server, "id, amount") == [(1, 110), (2, 220), (3, 30), (4, None)]
    assert changed(server, "UPDATE items i JOIN extra e ON i.id = e.id SET i.amount = e.plus, name = 'joined'")[0] == 2
    assert items(server) == [(1, "joined", 100), (2, "joined", 200), (3, None, 30), (4, "four", None)]
    assert changed(server, "UPDATE extra e, items i SET i.amount = 7 WHERE e.id = i.id AND e.plus = 100")[0] == 1
    assert changed(server, "WITH best AS (SELECT id, max(plus) AS most FROM extra GROUP BY id) "
                           "UPDATE items t SET t.amount = best.most + 1 FROM best INNER JOIN extra x ON best.id = x.id WHERE t.id = best.id")[0] == 2
    assert items(server, "id, amount") == [(1, 101), (2, 201), (3, 30), (4, None)]
    assert changed(server, "UPDATE items SET amount = (SELECT sum(plus) FROM extra) WHERE id NOT IN (SELECT id FROM extra)")[0] == 2
    assert items(server, "id, amount") == [(1, 101), (2, 201), (3, 1400), (4, 1400)]
    with pytest.raises(MySQLError, match="UPDATE changes one table"):
        server.sql("UPDATE items i JOIN extra e ON i.id = e.id SET i.amount = 1, e.plus = 2")


def test_delete_by_condition(server, db):
    make_items(server)
    assert changed(server, "DELETE FROM items WHERE amount > 15 AND name IS NOT NULL") == (1, "")
    assert changed(server, "DELETE FROM items WHERE id = 99")[0] == 0
    assert changed(server, "DELETE FROM items t WHERE t.name LIKE 'f%' OR t.id BETWEEN 30 AND 40")[0] == 1
    assert items(server) == [(1, "one", 10), (3, None, 30)]
    server.sql("INSERT INTO items (id) VALUES (5), (6), (7)")
    assert changed(server, "DELETE FROM items ORDER BY id DESC LIMIT 2")[0] == 2
    assert [row[0] for row in items(server)] == [1, 3, 5]
    assert changed(server, "DELETE FROM items")[0] == 3
    assert server.value("SELECT count(*) FROM items") == 0


def test_delete_with_other_tables(server, db):
    make_items(server)
    server.sql("CREATE TABLE gone (id BIGINT, why STRING) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("INSERT INTO gone VALUES (1, 'x'), (1, 'x'), (4, 'y')")
    assert changed(server, "DELETE FROM items USING gone WHERE items.id = gone.id AND gone.why = 'x'")[0] == 1
    assert changed(server, "DELETE i FROM items AS i JOIN gone g ON i.id = g.id WHERE g.why = 'y'")[0] == 1
    assert changed(server, "DELETE FROM i USING items i INNER JOIN gone g ON i.id = g.id + 1")[0] == 1
    assert [row[0] for row in items(server)] == [3]
    assert changed(server, "WITH w AS (SELECT 3 AS id) DELETE FROM items WHERE id IN (SELECT id FROM w)")[0] == 1
    assert changed(server, "DELETE g FROM gone g LEFT JOIN items i ON g.id = i.id WHERE i.id IS NULL AND g.why = 'x'")[0] == 2
    assert server.sql("SELECT * FROM gone") == [(4, "y")]


def test_rows_of_a_duplicate_table(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.log (id INT, note STRING) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION small VALUES LESS THAN ('50'), "
               "PARTITION large VALUES LESS THAN ('1000')) DISTRIBUTED BY HASH(id) BUCKETS 3")
    server.load("d", "log", "".join(f"{i % 100}\tfirst\n" for i in range(1000)))
    server.sql("ALTER TABLE d.log COMPACT")
    server.load("d", "log", "".join(f"{i}\tsecond\n" for i in range(100)))
    assert server.affected_rows("DELETE FROM d.log WHERE id % 10 = 3 AND note = 'first'") == 100
    assert server.affected_rows("DELETE FROM d.log WHERE id % 10 = 3 AND note = 'first'") == 0
    assert server.affected_rows("DELETE FROM d.log PARTITION (large) WHERE note = 'second'") == 50
    assert server.affected_rows("DELETE FROM d.log WHERE id = 7 LIMIT 3") == 3
    expected = server.sql("SELECT id, note, count(*) FROM d.log GROUP BY 1, 2 ORDER BY 1, 2")
    assert server.value("SELECT count(*) FROM d.log") == 1100 - 100 - 50 - 3
    server.kill()
    server.start()
    assert server.sql("SELECT id, note, count(*) FROM d.log GROUP BY 1, 2 ORDER BY 1, 2") == expected
    server.sql("ALTER TABLE d.log COMPACT")
    assert server.sql("SELECT id, note, count(*) FROM d.log GROUP BY 1, 2 ORDER BY 1, 2") == expected
    with pytest.raises(MySQLError, match="Only unique table could be updated"):
        server.sql("UPDATE d.log SET note = 'x'")


def test_what_is_refused(server, db):
    make_items(server)
    for statement, message in (
            ("UPDATE items SET id = id + 1", "Only value columns of unique table could be updated: 'id' is a key column"),
            ("UPDATE items SET amout = 1", "Unknown column 'amout' in table .*did you mean 'amount'"),
            ("UPDATE items SET amount = 1, amount = 2", "specified twice"),
            ("UPDATE items SET amount = 'many' WHERE id = 1", "many"),
            ("UPDATE items SET name = 'a name of more than twenty characters' WHERE id = 1", "too long"),
            ("UPDATE nothing SET a = 1", "Unknown table"),
            ("DELETE FROM items WHERE nothing = 1", "nothing"),
            ("UPDATE items SET amount = 1 WHERE id = ", "SQL syntax|syntax error|Parser"),
            ("DELETE items, x FROM items JOIN x", "DELETE from several tables")):
        with pytest.raises(MySQLError, match=message):
            server.sql(statement)
    assert items(server) == [(1, "one", 10), (2, "two", 20), (3, None, 30), (4, "four", None)]
    server.sql("CREATE TABLE sums (k INT, s INT SUM) AGGREGATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1")
    server.sql("INSERT INTO sums VALUES (1, 1), (2, 2)")
    with pytest.raises(MySQLError, match="Only unique table could be updated"):
        server.sql("UPDATE sums SET s = 5")
    assert changed(server, "DELETE FROM sums WHERE s = 2")[0] == 1
    assert server.sql("SELECT * FROM sums") == [(1, 1)]


def test_parameters_of_prepared_statements(server, db):
    """Placeholders of the joined form stand in another order than in the engine's query."""
    import mysql.connector
    make_items(server)
    connection = mysql.connector.connect(host="127.0.0.1", port=server.mysql_port, user="root", database=db, autocommit=True)
    cursor = connection.cursor(prepared=True)
    cursor.execute("UPDATE items a JOIN items b ON a.id = b.id + ? SET a.name = ? WHERE b.amount = ?", (1, "next", 20))
    cursor.execute("UPDATE items SET amount = ?, name = concat(?, name) WHERE id = ?", (77, "x-", 1))
    cursor.execute("DELETE FROM items WHERE id = ? OR amount = ?", (2, -1))
    connection.close()
    assert items(server) == [(1, "x-one", 77), (3, "next", 30), (4, "four", None)]


def test_hidden_columns_and_sequences_stay(server, db):
    server.sql("CREATE TABLE seq (k INT, v INT, w INT, at INT) UNIQUE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1 "
               "PROPERTIES('function_column.sequence_col' = 'at')")
    server.sql("INSERT INTO seq VALUES (1, 10, 100, 5), (2, 20, 200, 5)")
    assert changed(server, "UPDATE seq SET v = v + 1 WHERE k = 1")[0] == 1
    server.sql("INSERT INTO seq VALUES (1, 0, 0, 4)")
    assert server.sql("SELECT * FROM seq WHERE k = 1") == [(1, 11, 100, 5)]
    assert changed(server, "DELETE FROM seq WHERE w > 150")[0] == 1
    server.sql("INSERT INTO seq VALUES (2, 0, 0, 4)")
    assert server.value("SELECT count(*) FROM seq WHERE k = 2") == 0


def test_explain(server, db):
    make_items(server)
    assert any("items" in row[0] for row in server.sql("EXPLAIN UPDATE items SET amount = 1 WHERE price > 3"))
    assert any("items" in row[0] for row in server.sql("EXPLAIN DELETE FROM items WHERE price > 3"))


def in_threads(count, work):
    errors = []

    def run(index):
        try:
            work(index)
        except Exception as error:  # noqa: BLE001: told below
            errors.append(error)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_concurrent_increments_are_all_counted(server, db):
    server.sql("CREATE TABLE counters (id INT, n BIGINT, m BIGINT DEFAULT '0') UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("INSERT INTO counters (id, n) VALUES (1, 0), (2, 0), (3, 0)")

    def work(index):
        connection = server.connect(db)
        with connection.cursor() as cursor:
            for i in range(15):
                cursor.execute(f"UPDATE counters SET n = n + 1 WHERE id = {1 + (index + i) % 2}")
                if i % 5 == 0:
                    cursor.execute("UPDATE counters SET m = m + n - n + 1")
        connection.close()

    in_threads(6, work)
    assert server.value("SELECT sum(n) FROM counters") == 90
    assert server.sql("SELECT m FROM counters") == [(18,), (18,), (18,)]


def test_updates_and_loads_lose_nothing(make_server, rng):
    """Statements and partial updates own a column each of the same rows, while flushes and compactions move them."""
    server = make_server({"storage.small_commit_bytes": "2KiB", "query.write_attempts": 1000})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT, a BIGINT DEFAULT '0', b BIGINT DEFAULT '0') UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    server.load("d", "t", "".join(f"{i}\t0\t0\n" for i in range(500)))
    seed = rng.random()

    def work(index):
        if index == 0:
            for n in range(1, 13):
                rows = "".join(f"{i},{n}\n" for i in range(500))
                server.load("d", "t", rows, columns="id,b", column_separator=",", partial_columns="true")
        elif index == 1:
            for n in range(8):
                server.sql("ALTER TABLE d.t COMPACT")
        else:
            for n in range(8):
                first = int(seed * 1000 + n * 37) % 250
                server.sql(f"UPDATE d.t SET a = a + 1 WHERE id >= {first}")
                server.sql(f"UPDATE d.t SET a = a + 1 WHERE id < {first}")

    in_threads(4, work)
    assert server.sql("SELECT DISTINCT a, b FROM d.t") == [(16, 12)]
    assert server.value("SELECT count(*) FROM d.t") == 500


def test_limit_of_attempts(make_server):
    """A statement whose rows always change in between ends with MySQL's 1213, which clients know how to retry."""
    server = make_server({"query.write_attempts": 1})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT, n BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("INSERT INTO d.t VALUES (1, 0)")
    failed = []

    def work(index):
        connection = server.connect("d")
        with connection.cursor() as cursor:
            for _ in range(30):
                try:
                    cursor.execute("UPDATE t SET n = n + 1 WHERE id = 1")
                except MySQLError as error:
                    failed.append(error.args)
        connection.close()

    in_threads(4, work)
    assert failed and all(code == 1213 and "query.write_attempts" in text for code, text in failed), failed[:3]
    assert server.value("SELECT n FROM d.t") + len(failed) == 120
