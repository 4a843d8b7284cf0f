"""INSERT in all its forms: SELECT, labels, REPLACE, ON DUPLICATE KEY UPDATE, IGNORE, OVERWRITE, MERGE INTO, CREATE TABLE AS."""
import re
import threading

import pytest
from pymysql.err import MySQLError


@pytest.fixture
def db(server, request):
    name = request.node.name.split("[")[0]
    server.sql(f"DROP DATABASE IF EXISTS {name}")
    server.sql(f"CREATE DATABASE {name}")
    server.sql(f"USE {name}")
    return name


def make_items(server, name="items", model="UNIQUE", buckets=2):
    server.sql(f"CREATE TABLE {name} (id BIGINT, name VARCHAR(20), n INT DEFAULT '7', made DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3)) "
               f"{model} KEY(id) DISTRIBUTED BY HASH(id) BUCKETS {buckets}")


def run(server, statement, *parameters):
    """(affected rows, info)."""
    with server._connection().cursor() as cursor:
        affected = cursor.execute(statement, parameters or None)
        return affected, (cursor._result.message or b"")[1:].decode()  # PyMySQL leaves the length before the text


def items(server, columns="id, name, n", table="items"):
    return server.sql(f"SELECT {columns} FROM {table} ORDER BY id")


def test_insert_select_streams_any_number_of_rows(make_server):
    server = make_server({"storage.memtable_bytes": "1MiB", "ingest.max_row_bytes": "64KiB", "storage.small_commit_bytes": "64KiB"})
    server.sql("CREATE DATABASE d")
    server.sql("USE d")
    make_items(server)
    affected, info = run(server, "INSERT INTO items (name, id) SELECT concat('n', range), range FROM range(300000)")
    assert affected == 300000 and re.fullmatch(r"\{'label':'label_[0-9a-f]+', 'status':'VISIBLE', 'txnId':'\d+'\}", info), info
    assert server.sql("SELECT count(*), sum(id), min(n), max(n), count(made) FROM items") == [(300000, 299999 * 150000, 7, 7, 300000)]
    # A statement reads what was there when it began, also of the table that it writes.
    assert run(server, "INSERT INTO items (id, name) SELECT id + 150000, 'again' FROM items")[0] == 300000
    assert server.sql("SELECT count(*), count(CASE WHEN name = 'again' THEN 1 END) FROM items") == [(450000, 300000)]
    with pytest.raises(MySQLError, match="(?i)column count"):
        server.sql("INSERT INTO items (id, name) SELECT id FROM items")
    before = server.value("SELECT count(*) FROM items")
    with pytest.raises(MySQLError):
        server.sql("INSERT INTO items (id, name) SELECT 1000000 + id, CASE WHEN id = 299999 THEN repeat('x', 30) ELSE 'y' END FROM items")
    assert server.value("SELECT count(*) FROM items") == before


def test_labels(server, db):
    make_items(server)
    assert run(server, "INSERT INTO items WITH LABEL first (id) VALUES (1)")[1].startswith("{'label':'first', 'status':'VISIBLE', 'txnId':")
    with pytest.raises(MySQLError, match=r"Label \[first\] has already been used, relate to txn \[\d+\]"):
        server.sql("INSERT INTO items WITH LABEL first (id) VALUES (2)")
    with pytest.raises(MySQLError):
        server.sql("INSERT INTO items WITH LABEL second (id) VALUES ('no number')")
    assert run(server, "INSERT INTO items WITH LABEL second (id) SELECT 3 WHERE false")[0] == 0
    answer = server.stream_load(db, "items", "4\n", label="second", columns="id")
    assert answer["Status"] == "Label Already Exists", answer
    assert items(server, "id") == [(1,)]


def test_replace(server, db):
    make_items(server)
    assert run(server, "REPLACE INTO items (id, name) VALUES (1, 'a'), (2, 'b')")[0] == 2
    assert run(server, "REPLACE INTO items (id, name) VALUES (2, 'B'), (3, 'c')")[0] == 3
    assert items(server) == [(1, "a", 7), (2, "B", 7), (3, "c", 7)]


def test_on_duplicate_key_update(server, db):
    make_items(server)
    assert run(server, "INSERT INTO items (id, name, n) VALUES (1, 'a', 1), (2, 'b', 2) ON DUPLICATE KEY UPDATE n = n + 1") == (
        2, "Records: 2  Duplicates: 0  Warnings: 0")
    assert run(server, "INSERT INTO items (id, name, n) VALUES (2, 'B', 20), (3, 'c', 3) ON DUPLICATE KEY UPDATE n = n + VALUES(n)") == (
        3, "Records: 2  Duplicates: 1  Warnings: 0")
    assert items(server) == [(1, "a", 1), (2, "b", 22), (3, "c", 3)]
    assert run(server, "INSERT INTO items (id, n) VALUES (%s, %s) AS fresh ON DUPLICATE KEY UPDATE name = concat(name, fresh.n), n = items.n", 3, 9)[0] == 2
    assert run(server, "INSERT INTO items (id, n) VALUES (1, 5) AS new(k, m) ON DUPLICATE KEY UPDATE n = new.m * 2")[0] == 2
    assert run(server, "INSERT INTO items (id) VALUES (1) ON DUPLICATE KEY UPDATE n = 10")[0] == 0
    assert run(server, "INSERT INTO items (id, name) SELECT id + 2, name FROM items ON DUPLICATE KEY UPDATE name = VALUES(name)")[0] == 2 + 1 + 1
    assert items(server) == [(1, "a", 10), (2, "b", 22), (3, "a", 3), (4, "b", 7), (5, "c9", 7)]
    with pytest.raises(MySQLError, match="each key once in a statement.*key 1"):
        server.sql("INSERT INTO items (id, n) VALUES (1, 1), (1, 2) ON DUPLICATE KEY UPDATE n = n + 1")
    with pytest.raises(MySQLError, match="value columns only"):
        server.sql("INSERT INTO items (id, n) VALUES (1, 1) ON DUPLICATE KEY UPDATE id = 5")
    with pytest.raises(MySQLError, match="needs the key column 'id'"):
        server.sql("INSERT INTO items (n) VALUES (1) ON DUPLICATE KEY UPDATE n = 5")
    make_items(server, "log", "DUPLICATE")
    server.sql("INSERT INTO log (id) VALUES (1), (1) ON DUPLICATE KEY UPDATE n = 5")
    assert server.value("SELECT count(*) FROM log") == 2


def test_keys_of_several_columns_and_nulls(server, db):
    server.sql("CREATE TABLE t (a VARCHAR(10) NULL, b INT, v INT, w DECIMAL(8,3)) UNIQUE KEY(a, b) DISTRIBUTED BY HASH(a) BUCKETS 3")
    server.sql("INSERT INTO t VALUES (NULL, 1, 1, 1), ('1', 1, 2, 2), ('01', 1, 3, 3)")
    affected = run(server, "INSERT INTO t (a, b, v) VALUES (NULL, 1, 10), (1, 1, 20), ('x', 2, 30) ON DUPLICATE KEY UPDATE v = v + VALUES(v)")[0]
    assert affected == 2 + 2 + 1
    assert [(row[0], row[1], row[2]) for row in server.sql("SELECT a, b, v FROM t ORDER BY a, b")] == [
        (None, 1, 11), ("01", 1, 3), ("1", 1, 22), ("x", 2, 30)]


def test_insert_ignore(server, db):
    make_items(server)
    server.sql("INSERT INTO items (id, name) VALUES (1, 'a'), (2, 'b')")
    assert run(server, "INSERT IGNORE INTO items (id, name) VALUES (2, 'x'), (3, 'first'), (3, 'second'), (4, 'd')")[0] == 2
    assert run(server, "INSERT IGNORE INTO items (id, name) SELECT id, 'y' FROM items")[0] == 0
    assert items(server) == [(1, "a", 7), (2, "b", 7), (3, "first", 7), (4, "d", 7)]


def test_concurrent_counters_by_on_duplicate_key(server, db):
    make_items(server)
    failures = []

    def work(index):
        connection = server.connect(db)
        try:
            with connection.cursor() as cursor:
                for i in range(12):
                    cursor.execute("INSERT INTO items (id, n) VALUES (%s, 1) ON DUPLICATE KEY UPDATE n = n + 1", (i % 3,))
        except MySQLError as error:
            failures.append(error)
        connection.close()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert items(server, "id, n") == [(0, 20), (1, 20), (2, 20)]


def test_merge_into(server, db):
    make_items(server)
    make_items(server, "changes", "DUPLICATE")
    server.sql("INSERT INTO items (id, name, n) VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4)")
    server.sql("INSERT INTO changes (id, name, n) VALUES (1, 'A', 10), (2, 'gone', 0), (4, 'd', 4), (5, 'e', 5), (6, 'no', -1)")
    merge = ("MERGE INTO items AS t USING changes AS s ON t.id = s.id "
             "WHEN MATCHED AND s.name = 'gone' THEN DELETE "
             "WHEN MATCHED THEN UPDATE SET t.name = s.name, n = t.n + s.n * {factor} "
             "WHEN NOT MATCHED AND s.n > 0 THEN INSERT (id, name) VALUES (s.id, upper(s.name))")
    assert run(server, merge.format(factor=1))[0] == 4
    assert items(server) == [(1, "A", 11), (3, "c", 3), (4, "d", 8), (5, "E", 7)]
    assert run(server, "WITH more AS (SELECT 7 AS k UNION ALL SELECT 3) MERGE INTO items USING more ON items.id = more.k "
                       "WHEN MATCHED THEN UPDATE SET n = DEFAULT WHEN NOT MATCHED THEN INSERT VALUES (more.k, 'all', 1, '2026-01-02')")[0] == 2
    assert items(server)[1:] == [(3, "c", 7), (4, "d", 8), (5, "E", 7), (7, "all", 1)]
    server.sql("INSERT INTO changes (id, name, n) VALUES (1, 'twice', 1)")
    with pytest.raises(MySQLError, match="several source rows match the same one"):
        server.sql(merge.format(factor=1))
    assert run(server, "MERGE INTO items t USING (SELECT 99 AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE")[0] == 0


def test_insert_overwrite(make_server):
    server = make_server({"storage.small_commit_bytes": "4KiB"})
    server.sql("CREATE DATABASE d")
    server.sql("USE d")
    make_items(server)
    server.sql("CREATE TABLE parts (id INT, v INT) UNIQUE KEY(id) PARTITION BY RANGE(id) (PARTITION low VALUES LESS THAN ('100'), "
               "PARTITION high VALUES LESS THAN ('1000')) DISTRIBUTED BY HASH(id) BUCKETS 2")
    server.sql("INSERT INTO items (id, name) SELECT range, 'old' FROM range(1000)")
    server.sql("INSERT INTO parts SELECT range * 10, 1 FROM range(100)")
    assert run(server, "INSERT OVERWRITE TABLE items (id, name) SELECT id + 500, 'new' FROM items WHERE id < 600")[0] == 600
    assert server.sql("SELECT count(*), min(id), max(id), min(name) FROM items") == [(600, 500, 1099, "new")]
    assert run(server, "INSERT OVERWRITE TABLE parts PARTITION (low) VALUES (1, 2), (2, 2)")[0] == 2
    assert server.sql("SELECT v, count(*) FROM parts GROUP BY v ORDER BY v") == [(1, 90), (2, 2)]
    with pytest.raises(MySQLError, match="in none of the partitions"):
        server.sql("INSERT OVERWRITE TABLE parts PARTITION (low) VALUES (1, 2), (200, 2)")
    assert run(server, "INSERT OVERWRITE TABLE parts SELECT * FROM parts WHERE false")[0] == 0
    state = [server.value("SELECT count(*) FROM parts"), server.sql("SELECT count(*), sum(id) FROM items")]
    assert state[0] == 0
    server.kill()
    server.start()
    server.sql("USE d")
    assert [server.value("SELECT count(*) FROM parts"), server.sql("SELECT count(*), sum(id) FROM items")] == state
    server.sql("ALTER TABLE items COMPACT")
    assert server.sql("SELECT count(*), sum(id) FROM items") == state[1]


def test_create_table_as(server, db):
    make_items(server)
    server.sql("INSERT INTO items (id, name, n) VALUES (1, 'a', 1), (2, 'b', 2), (3, NULL, 3)")
    assert run(server, "CREATE TABLE copied AS SELECT id, name, n * 1.5 AS more, n AS `order` FROM items WHERE id > 1")[0] == 2
    assert [(row[0], row[1], float(row[2]), row[3]) for row in server.sql("SELECT * FROM copied ORDER BY id")] == [(2, "b", 3, 2), (3, None, 4.5, 3)]
    assert run(server, "CREATE TABLE typed (k BIGINT, v VARCHAR(5)) UNIQUE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 2 "
                       "PROPERTIES('replication_num' = '1') AS WITH x AS (SELECT 1 AS one) SELECT id, name FROM items, x")[0] == 3
    assert "UNIQUE KEY" in server.sql("SHOW CREATE TABLE typed")[0][1]
    assert run(server, "CREATE TABLE IF NOT EXISTS typed AS SELECT 1 AS k")[0] == 0
    with pytest.raises(MySQLError, match="already exists"):
        server.sql("CREATE TABLE typed AS SELECT 1 AS k")
    with pytest.raises(MySQLError):
        server.sql("CREATE TABLE failed (k BIGINT, v VARCHAR(1)) UNIQUE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1 AS SELECT id, 'too long' FROM items")
    assert server.sql("SHOW TABLES LIKE 'failed'") == []
    server.sql("CREATE TABLE alike LIKE typed")
    assert server.value("SELECT count(*) FROM alike") == 0


def test_files_are_out_of_reach(server, db):
    make_items(server)
    for statement in ("LOAD DATA LOCAL INFILE '/etc/hosts' INTO TABLE items", "LOAD DATA INFILE '/etc/hosts' INTO TABLE items",
                      "SELECT * FROM items INTO OUTFILE '/tmp/x'", "SELECT * INTO OUTFILE '/tmp/x' FROM items"):
        with pytest.raises(MySQLError, match="is not offered"):
            server.sql(statement)
