"""ALTER TABLE ... ENABLE FEATURE: what tables get that were made without it."""
import json

import pytest
from pymysql.err import MySQLError

from support.running_load import RunningLoad

TABLE = "CREATE TABLE t (id BIGINT NOT NULL, a INT, b INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1"
SEQUENCE = 'ALTER TABLE t ENABLE FEATURE "SEQUENCE_LOAD" WITH PROPERTIES ("function_column.sequence_type" = "bigint")'


@pytest.mark.parametrize("is_flushed", [False, True])
def test_a_table_gets_a_sequence_column(server, database, sql, is_flushed):
    sql(TABLE)
    sql("INSERT INTO t VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3)")
    sql("DELETE FROM t WHERE id = 3")
    if is_flushed:
        sql("ALTER TABLE t COMPACT")
    sql(SEQUENCE)

    def load(rows, columns="id,a,b,s"):
        server.load(database, "t", rows, column_separator=",", columns=columns, **{"function_column.sequence_col": "s"})

    load("1,10,10,5\n2,20,20,5\n3,30,30,5\n4,40,40,5\n")
    load("1,11,11,4\n2,21,21,6\n3,31,31,4\n")
    assert sql("SELECT * FROM t ORDER BY id") == [(1, 10, 10), (2, 21, 21), (3, 30, 30), (4, 40, 40)]
    server.load(database, "t", "4,7\n", column_separator=",", columns="id,s", merge_type="DELETE", **{"function_column.sequence_col": "s"})
    sql("ALTER TABLE t COMPACT")
    load("4,41,41,6\n5,50,50,1\n")
    assert sql("SELECT id, __DORIS_SEQUENCE_COL__ FROM t ORDER BY id") == [(1, 5), (2, 6), (3, 5), (5, 1)]
    assert '"function_column.sequence_type" = "bigint"' in sql("SHOW CREATE TABLE t")[0][1]
    with pytest.raises(MySQLError, match="has a sequence column already"):
        sql(SEQUENCE)
    with pytest.raises(MySQLError, match="need to specify the sequence column"):
        sql("INSERT INTO t VALUES (9, 9, 9)")


def test_a_sequence_column_comes_and_stays_through_a_crash(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql(TABLE.replace(" t ", " d.t "))
    server.sql("INSERT INTO d.t VALUES (1, 1, 1), (2, 2, 2)")
    server.sql(SEQUENCE.replace(" t ", " d.t "))
    server.load("d", "t", "1,10,10,5\n", column_separator=",", columns="id,a,b,s", **{"function_column.sequence_col": "s"})
    server.kill()
    server.start()
    server.load("d", "t", "1,11,11,4\n2,22,22,0\n", column_separator=",", columns="id,a,b,s", **{"function_column.sequence_col": "s"})
    assert server.sql("SELECT id, a FROM d.t ORDER BY id") == [(1, 10), (2, 22)]


def test_a_load_that_began_before_is_sent_again(server, database, sql):
    sql(TABLE)
    load = RunningLoad(server, database, "t", column_separator=",")
    load.send("1,1,1\n")
    sql(SEQUENCE)
    answer = load.answer()
    assert answer["Status"] == "Fail" and "got a sequence column during the load" in answer["Message"]
    assert sql("SELECT count(*) FROM t") == [(0,)]


def test_a_table_takes_flexible_updates(server, database, sql):
    sql(TABLE)
    sql("INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)")
    rows = "\n".join(map(json.dumps, [{"id": 1, "a": 7}, {"id": 2, "b": 8}, {"id": 3, "a": 9}]))
    headers = {"format": "json", "unique_key_update_mode": "UPDATE_FLEXIBLE_COLUMNS"}
    assert "skip bitmap hidden column" in server.stream_load(database, "t", rows, **headers)["Message"]
    sql('ALTER TABLE t ENABLE FEATURE "UPDATE_FLEXIBLE_COLUMNS"')
    server.load(database, "t", rows, **headers)
    assert sql("SELECT * FROM t ORDER BY id") == [(1, 7, 1), (2, 2, 8), (3, 9, None)]
    assert '"enable_unique_key_skip_bitmap_column" = "true"' in sql("SHOW CREATE TABLE t")[0][1]


def test_what_is_there_and_what_is_refused(server, database, sql):
    sql(TABLE)
    sql('ALTER TABLE t ENABLE FEATURE "BATCH_DELETE"')
    sql("CREATE TABLE log (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    for statement, message in [
        ('ALTER TABLE log ENABLE FEATURE "BATCH_DELETE"', "UNIQUE KEY tables only"),
        ('ALTER TABLE t ENABLE FEATURE "TIME_TRAVEL"', "Unknown feature 'TIME_TRAVEL'"),
        ('ALTER TABLE t ENABLE FEATURE "SEQUENCE_LOAD"', "needs one property"),
        (SEQUENCE.replace("bigint", "text"), "Sequence type only support"),
        ('ALTER TABLE t ENABLE FEATURE "BATCH_DELETE" WITH PROPERTIES ("a" = "b")', "takes no properties"),
    ]:
        with pytest.raises(MySQLError, match=message):
            sql(statement)


def test_strict_partial_updates_take_no_new_keys(server, database, sql):
    sql(TABLE)
    sql("INSERT INTO t VALUES (1, 1, 1)")
    headers = {"column_separator": ",", "columns": "id,a", "partial_columns": "true"}
    refused = server.stream_load(database, "t", "1,5\n2,5\n", strict_mode="true", **headers)
    assert refused["Status"] == "Fail" and refused["Message"] == "[DATA_QUALITY_ERROR]too many filtered rows", refused
    server.load(database, "t", "1,6\n", strict_mode="true", **headers)
    server.load(database, "t", "3,6\n", strict_mode="true", partial_update_new_key_behavior="APPEND", **headers)
    assert sql("SELECT id, a FROM t ORDER BY id") == [(1, 6), (3, 6)]
    sql("SET enable_unique_key_partial_update = true")
    sql("INSERT INTO t (id, a) VALUES (4, 1)")
    sql("SET enable_insert_strict = true")
    with pytest.raises(MySQLError, match="Can't append new rows in partial update"):
        sql("INSERT INTO t (id, a) VALUES (5, 1)")
    sql("SET partial_update_new_key_behavior = 'APPEND'")
    sql("INSERT INTO t (id, a) VALUES (5, 1)")
    sql("SET partial_update_new_key_behavior = 'ERROR'")
    with pytest.raises(MySQLError, match=r"Can't append new rows in partial update .* Row with key=\[6\] is not in table"):
        sql("INSERT INTO t (id, a) VALUES (6, 1)")
    sql("INSERT INTO t (id, a) VALUES (5, 2)")
    assert sql("SELECT id, a FROM t ORDER BY id") == [(1, 6), (3, 6), (4, 1), (5, 2)]
