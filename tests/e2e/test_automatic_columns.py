"""Columns that fill themselves: AUTO_INCREMENT with LAST_INSERT_ID(), DEFAULT and ON UPDATE CURRENT_TIMESTAMP."""
import datetime

import pymysql
import pytest

LONG_AGO = datetime.datetime(2001, 1, 1)


def insert(server, database, statement):
    """(the id that the driver tells, LAST_INSERT_ID() on that connection)"""
    with server.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO t (v) VALUES (0)")
        first = cursor.lastrowid
        cursor.execute(statement)
        told = cursor.lastrowid
        cursor.execute("SELECT LAST_INSERT_ID(), @@last_insert_id")
        (last, variable), = cursor.fetchall()
        assert last == variable
        return told - first, last - first


def test_generated_ids_are_told(server, database, sql):
    sql("CREATE TABLE t (id BIGINT NOT NULL AUTO_INCREMENT, v BIGINT) UNIQUE KEY(id)")
    assert insert(server, database, "INSERT INTO t (v) VALUES (1), (2), (3)") == (1, 1)  # the first of them
    assert insert(server, database, "INSERT INTO t VALUES (NULL, 4), (DEFAULT, 5)") == (1, 1)
    assert insert(server, database, "INSERT INTO t (v) SELECT v FROM t WHERE v = 3") == (1, 1)
    with server.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT LAST_INSERT_ID()")
        assert cursor.fetchall() == ((0,),)
        cursor.execute("INSERT INTO t VALUES (1000, 6)")
        assert cursor.lastrowid == 1000
        cursor.execute("SELECT LAST_INSERT_ID()")
        assert cursor.fetchall() == ((0,),)  # nothing was generated


def test_ids_that_rows_bring_are_never_generated_again(server, database, sql):
    sql("CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT, v BIGINT) UNIQUE KEY(id)")
    sql("INSERT INTO t VALUES (50000, 1), (7, 2)")
    sql("INSERT INTO t (v) VALUES (3)")
    assert sql("SELECT id FROM t WHERE v = 3") == [(50001,)]
    server.load(database, "t", "90000,4\n", column_separator=",")
    sql("INSERT INTO t (v) VALUES (5)")
    assert sql("SELECT id FROM t WHERE v = 5") == [(90001,)]
    assert sql("SELECT count(*) FROM t") == [(5,)]


def test_a_table_says_where_its_ids_begin(sql, database, make_server):
    sql("CREATE TABLE t (id BIGINT NOT NULL AUTO_INCREMENT(100), v BIGINT) UNIQUE KEY(id)")
    sql("CREATE TABLE u (id BIGINT NOT NULL AUTO_INCREMENT, v BIGINT, PRIMARY KEY (id)) ENGINE=InnoDB AUTO_INCREMENT=200")
    sql("CREATE TABLE IF NOT EXISTS u (id BIGINT NOT NULL AUTO_INCREMENT, v BIGINT, PRIMARY KEY (id)) AUTO_INCREMENT=900")
    sql("CREATE TABLE w LIKE t")
    for table, first in (("t", 100), ("u", 200), ("w", 1)):
        sql(f"INSERT INTO {table} (v) VALUES (1)")
        assert sql(f"SELECT id FROM {table}") == [(first,)]
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL AUTO_INCREMENT(1000), v BIGINT) UNIQUE KEY(id)")
    server.sql("INSERT INTO d.t VALUES (70000, 0)")
    server.kill()
    server.start()
    server.sql("INSERT INTO d.t (v) VALUES (1)")
    assert server.value("SELECT id FROM d.t WHERE v = 1") > 70000


TIMED = """CREATE TABLE t (k BIGINT NOT NULL, v BIGINT, w BIGINT, made DATETIME DEFAULT CURRENT_TIMESTAMP,
    changed DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)) UNIQUE KEY(k)"""


@pytest.fixture
def timed(sql):
    """Rows that were made and changed long ago; the query of those that changed since."""
    sql(TIMED)
    sql(f"INSERT INTO t VALUES {', '.join(f'({k}, 1, 1, {LONG_AGO!s:.19}, {LONG_AGO!s:.19})' for k in range(6))}"
        .replace("2001-01-01 00:00:00", "'2001-01-01 00:00:00'"))

    def changed():
        assert sql(f"SELECT count(*) FROM t WHERE k < 6 AND made != '{LONG_AGO}'") == [(0,)]
        return [k for k, in sql(f"SELECT k FROM t WHERE changed > now() - INTERVAL 1 HOUR AND changed <= now() + INTERVAL 1 HOUR ORDER BY k")]

    return changed


def test_update_sets_the_time_of_rows_that_it_changes(sql, timed):
    assert timed() == []
    sql("UPDATE t SET v = 2 WHERE k = 0")
    sql("UPDATE t SET v = 1 WHERE k = 1")  # which it is
    sql("UPDATE t SET v = 3, changed = '2002-02-02' WHERE k = 2")
    assert timed() == [0]
    assert sql("SELECT changed FROM t WHERE k = 2") == [(datetime.datetime(2002, 2, 2),)]
    sql("UPDATE t SET changed = DEFAULT WHERE k = 3")
    assert timed() == [0, 3]
    sql("BEGIN")
    sql("UPDATE t SET w = 9 WHERE k = 4")
    sql("COMMIT")
    assert timed() == [0, 3, 4]


def test_upserts_set_it_too(server, database, sql, timed):
    sql("INSERT INTO t (k, v) VALUES (0, 5), (10, 5) ON DUPLICATE KEY UPDATE v = VALUES(v)")
    sql("INSERT INTO t (k, v, changed) VALUES (1, 5, '2003-03-03') ON DUPLICATE KEY UPDATE v = VALUES(v)")
    sql("INSERT INTO t (k, v) VALUES (2, 1) ON DUPLICATE KEY UPDATE v = VALUES(v)")  # nothing changes
    assert timed() == [0, 1, 10]
    sql("SET enable_unique_key_partial_update = true")
    sql("INSERT INTO t (k, w) VALUES (3, 7), (11, 7)")
    sql("SET enable_unique_key_partial_update = false")
    assert timed() == [0, 1, 3, 10, 11]
    server.load(database, "t", "4,8\n12,8\n", column_separator=",", columns="k,w", partial_columns="true")
    assert timed() == [0, 1, 3, 4, 10, 11, 12]
    sql("MERGE INTO t USING (SELECT 5 AS k, 6 AS v) s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = s.v")
    assert timed() == [0, 1, 3, 4, 5, 10, 11, 12]
    assert sql("SELECT v, w FROM t WHERE k IN (3, 4) ORDER BY k") == [(1, 7), (1, 8)]


def test_flexible_updates_set_it(server, database, sql):
    sql(TIMED + ' PROPERTIES ("enable_unique_key_skip_bitmap_column" = "true")')
    sql("INSERT INTO t VALUES (1, 1, 1, '2001-01-01', '2001-01-01'), (2, 1, 1, '2001-01-01', '2001-01-01'), (3, 1, 1, '2001-01-01', '2001-01-01')")
    rows = '{"k": 1, "v": 5}\n{"k": 2, "w": 5, "changed": "2002-02-02 00:00:00"}\n'
    server.load(database, "t", rows, format="json", read_json_by_line="true", unique_key_update_mode="UPDATE_FLEXIBLE_COLUMNS")
    assert sql("SELECT k, v, w, changed > now() - INTERVAL 1 HOUR, year(made), year(changed) > 2002 FROM t ORDER BY k") == [
        (1, 5, 1, 1, 2001, 1), (2, 1, 5, 0, 2001, 0), (3, 1, 1, 0, 2001, 0)]


def test_it_is_kept_and_shown(server, database, sql):
    sql(TIMED)
    create = sql("SHOW CREATE TABLE t")[0][1]
    assert "`changed` datetime(3) NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP" in create
    sql("CREATE TABLE u LIKE t")
    sql("DROP TABLE t")
    sql(create)
    assert sql("SHOW CREATE TABLE t")[0][1] == create == sql("SHOW CREATE TABLE u")[0][1].replace("`u`", "`t`")
    assert [row[5] for row in sql("DESC t") if row[0] == "changed"] == ["DEFAULT_GENERATED on update CURRENT_TIMESTAMP"]
    for wrong in ("CREATE TABLE x (k BIGINT, c DATETIME ON UPDATE CURRENT_TIMESTAMP) UNIQUE KEY(k)",
                  "CREATE TABLE x (k BIGINT, c DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP) DUPLICATE KEY(k)",
                  "CREATE TABLE x (c DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, v INT) UNIQUE KEY(c)"):
        with pytest.raises(pymysql.err.OperationalError, match="ON UPDATE CURRENT_TIMESTAMP"):
            sql(wrong)
