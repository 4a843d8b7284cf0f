"""Sequence columns: the row with the larger sequence stays, whatever the order in which rows come."""
import pytest
from pymysql.err import MySQLError

BY_TYPE = '"function_column.sequence_type" = "bigint"'
BY_COLUMN = '"function_column.sequence_col" = "seen"'


def make_table(server, properties=BY_TYPE, name="t"):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    server.sql(
        f"CREATE TABLE d.{name} (id INT, v STRING, seen BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 "
        f"PROPERTIES ({properties})"
    )


def load(server, body, columns="id,v,s", table="t", **headers):
    headers.setdefault("function_column.sequence_col", "s")
    return server.stream_load("d", table, body, columns=columns, column_separator=",", **headers)


def rows(server, table="t"):
    return server.sql(f"SELECT id, v FROM d.{table} ORDER BY id")


@pytest.mark.parametrize("between", ["", "compact", "kill"])
def test_the_larger_sequence_stays(make_server, between):
    server = make_server()
    make_table(server)

    def pause():
        if between == "compact":
            server.sql("ALTER TABLE d.t COMPACT")
        elif between == "kill":
            server.kill()
            server.start()

    assert load(server, "1,new,5\n1,old,4\n2,x,7\n3,null,\\N\n")["Status"] == "Success"
    assert rows(server) == [(1, "new"), (2, "x"), (3, "null")]
    pause()
    load(server, "1,older,3\n2,tie,7\n3,any,-9\n")
    assert rows(server) == [(1, "new"), (2, "tie"), (3, "any")]
    # A delete beats rows that come later with a smaller sequence, also where it found no row.
    load(server, "2,9\n4,9\n1,1\n", columns="id,s", merge_type="DELETE")
    assert rows(server) == [(1, "new"), (3, "any")]
    pause()
    load(server, "2,late,8\n4,late,8\n")
    assert rows(server) == [(1, "new"), (3, "any")]
    assert server.value("SELECT count(*) FROM d.t") == 2
    pause()
    load(server, "2,newer,10\n4,tie,9\n")
    assert rows(server) == [(1, "new"), (2, "newer"), (3, "any"), (4, "tie")]
    assert server.value("SELECT count(*) FROM d.t") == 4


def test_a_column_of_the_table_is_the_sequence(make_server):
    server = make_server()
    make_table(server, BY_COLUMN)
    server.sql("INSERT INTO d.t VALUES (1, 'a', 5), (2, 'b', NULL)")
    server.sql("INSERT INTO d.t VALUES (1, 'lower', 4), (2, 'c', 0)")
    assert server.sql("SELECT * FROM d.t ORDER BY id") == [(1, "a", 5), (2, "c", 0)]
    answer = server.stream_load("d", "t", "1,x,3\n1,y,6\n", column_separator=",")
    assert answer["Status"] == "Success"
    answer = server.stream_load("d", "t", "2,z,1,1\n", column_separator=",", hidden_columns="__DORIS_DELETE_SIGN__")
    assert answer["Status"] == "Success"
    server.sql("INSERT INTO d.t VALUES (2, 'late', 0)")
    assert server.sql("SELECT * FROM d.t ORDER BY id") == [(1, "y", 6)]
    assert server.sql("SELECT id, __DORIS_SEQUENCE_COL__ FROM d.t WHERE id > 0 ORDER BY id") == [(1, 6)]
    with pytest.raises(MySQLError, match="need to specify the sequence column"):
        server.sql("INSERT INTO d.t (id, v) VALUES (1, 'x')")
    answer = server.stream_load("d", "t", "1,x\n", columns="id,v", column_separator=",")
    assert "Table t has sequence column, need to specify the sequence column" in answer["Message"]
    for change in ("DROP COLUMN seen", "RENAME COLUMN seen seq", "MODIFY COLUMN seen LARGEINT"):
        with pytest.raises(MySQLError, match="sequence_col|sequence column"):
            server.sql(f"ALTER TABLE d.t {change}")
    server.sql("ALTER TABLE d.t ADD COLUMN extra INT DEFAULT '7'")
    assert server.sql("SELECT * FROM d.t") == [(1, "y", 6, 7)]
    assert [column[0] for column in server.sql("DESC d.t")] == ["id", "v", "seen", "extra"]


def test_updates_and_deletes_without_sequence_keep_it(make_server):
    server = make_server()
    make_table(server)
    load(server, "1,a,5\n2,b,5\n3,c,5\n")
    server.sql("DELETE FROM d.t WHERE id = 3")
    load(server, "3,late,4\n")
    answer = server.stream_load("d", "t", "1,60\n3,70\n", columns="id,seen", column_separator=",", partial_columns="true")
    assert answer["Status"] == "Success", answer
    load(server, "1,late,4\n3,late,4\n")
    load(server, "2,61,9\n1,62,4\n", columns="id,seen,s", partial_columns="true")
    assert server.sql("SELECT id, v, seen, __DORIS_SEQUENCE_COL__ FROM d.t ORDER BY id") == [
        (1, "a", 60, 5), (2, "b", 61, 9), (3, None, 70, 5)]


def test_how_the_hidden_column_is_seen_and_filled(make_server):
    server = make_server()
    make_table(server)
    with pytest.raises(MySQLError, match="Table t has sequence column, need to specify the sequence column"):
        server.sql("INSERT INTO d.t VALUES (1, 'a', 1)")
    server.sql("INSERT INTO d.t (id, v, __DORIS_SEQUENCE_COL__) VALUES (1, 'a', 3), (1, 'b', 2)")
    assert server.sql("SELECT * FROM d.t") == [(1, "a", None)]
    assert server.sql("SELECT __DORIS_SEQUENCE_COL__, v FROM d.t WHERE id = 1") == [(3, "a")]
    assert server.sql("SELECT max(__DORIS_SEQUENCE_COL__) FROM d.t WHERE __DORIS_SEQUENCE_COL__ > 2") == [(3,)]
    create = server.sql("SHOW CREATE TABLE d.t")[0][1]
    assert '"function_column.sequence_type" = "bigint"' in create and "__DORIS" not in create
    server.sql("CREATE DATABASE e")
    server.sql(create.replace("CREATE TABLE `t`", "CREATE TABLE e.`t`"))
    assert len(server.sql("DESC d.t")) == 3
    server.sql("SET show_hidden_columns = true")
    hidden = [column[0] for column in server.sql("DESC d.t")]
    assert hidden[3] == "__DORIS_SEQUENCE_COL__"
    for query in ("SELECT * FROM d.t", "SELECT t.* FROM d.t WHERE id = 1", "SELECT * FROM d.t WHERE id = 1"):
        [row] = server.sql(query)
        assert len(row) == len(hidden) and row[:4] == (1, "a", None, 3)
    assert server.sql("SELECT __DORIS_SEQUENCE_COL__ FROM d.t") == [(3,)]
    server.sql("SET show_hidden_columns = false")
    assert server.sql("SELECT * FROM d.t WHERE id + 0 = 1") == [(1, "a", None)]
    # A column of the table can be the source, and so can a field of JSON rows.
    answer = server.stream_load("d", "t", "1,c,9\n", columns="id,v,seen", column_separator=",", **{"function_column.sequence_col": "seen"})
    assert answer["Status"] == "Success", answer
    answer = server.stream_load("d", "t", '{"id":1,"v":"late","ts":8}\n{"id":2,"v":"j","ts":1}', format="json",
                                **{"function_column.sequence_col": "ts"})
    assert answer["Status"] == "Success", answer
    answer = server.stream_load("d", "t", "2,late,0\n", columns="id,v", column_separator=",", hidden_columns="__DORIS_SEQUENCE_COL__")
    assert answer["Status"] == "Success", answer
    assert server.sql("SELECT id, v, seen FROM d.t ORDER BY id") == [(1, "c", 9), (2, "j", None)]


def test_what_is_refused(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    for properties, message in [
        ('"function_column.sequence_col" = "x"', "The specified sequence column.x. not exists"),
        ('"function_column.sequence_col" = "v"', "Sequence type only support integer types and date types"),
        ('"function_column.sequence_type" = "varchar"', "Sequence type only support integer types and date types"),
        (f'{BY_COLUMN}, {BY_TYPE}', "cannot be set at the same time"),
    ]:
        with pytest.raises(MySQLError, match=message):
            make_table(server, properties)
    with pytest.raises(MySQLError, match="sequence column only support UNIQUE_KEYS"):
        server.sql(f"CREATE TABLE d.log (id INT, seen BIGINT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ({BY_COLUMN})")
    make_table(server)
    with pytest.raises(MySQLError, match="cannot be changed"):
        server.sql(f"ALTER TABLE d.t SET ({BY_COLUMN})")
    assert "is not among the columns" in load(server, "1,a,2\n", **{"function_column.sequence_col": "nothing"})["Message"]
    make_table(server, '"replication_num" = "1"', "plain")
    assert "There is no sequence column in the table" in load(server, "1,a,2\n", table="plain")["Message"]
