"""PUT /api/_http_stream: a load that is said by an INSERT INTO ... SELECT ... FROM http_stream(...)."""
import json

import pytest

TABLE = "CREATE TABLE t (id BIGINT NOT NULL, c2 VARCHAR(10), amount DECIMAL(10,2)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1"


def send(server, sql, body, **headers):
    sent = {"Expect": "100-continue", "sql": sql, **headers}
    status, _, answer = server.http("PUT", "/api/_http_stream", body.encode(), sent)
    assert status == 200
    return json.loads(answer)


def load(server, sql, body, **headers):
    answer = send(server, sql, body, **headers)
    assert answer["Status"] == "Success", answer
    return answer


def test_fields_and_expressions_of_csv(server, database, sql):
    sql(TABLE)
    csv = 'http_stream("format" = "csv", "column_separator" = ",")'
    load(server, f"INSERT INTO {database}.t SELECT * FROM {csv}", "1,a,1.5\n2,b,2.5\n")
    load(server, f"INSERT INTO {database}.t SELECT c1, c2, c3 FROM {csv}", "3,c,3.5,more,fields\n")
    load(server, f"insert into {database}.t (id, amount) select c2, c1 from {csv}", "9.75,4\n")
    load(server, f"INSERT INTO {database}.t (amount, id, c2) SELECT c3 / 100 AS euros, c1, concat('x', upper(c2), 'c1') FROM {csv} WHERE c4 <> 'skip'",
         "5,e,550,\n6,f,650,skip\n")
    assert [(i, v, str(a)) for i, v, a in sql("SELECT * FROM t ORDER BY id")] == [
        (1, "a", "1.50"), (2, "b", "2.50"), (3, "c", "3.50"), (4, None, "9.75"), (5, "xEc1", "5.50")]
    few = send(server, f"INSERT INTO {database}.t SELECT c1, c2, c3 FROM {csv}", "7,a\n", max_filter_ratio="1")
    assert few["NumberFilteredRows"] == 1
    wrong = send(server, f"INSERT INTO {database}.t SELECT c1, c2, c3 FROM {csv}", "x,a,1\n")
    assert wrong["Status"] == "Fail" and "too many filtered rows" in wrong["Message"]


def test_each_field_keeps_the_rules_of_its_column(server, database, sql):
    sql("CREATE TABLE wide (id BIGINT NOT NULL, a INT, " + ", ".join(f"f{i} INT" for i in range(3, 13)) +
        ") UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    fields = ", ".join(f"c{i}" for i in range(1, 13))
    statement = f'INSERT INTO {database}.wide SELECT {fields} FROM http_stream("format" = "csv", "column_separator" = ",")'
    bad = send(server, statement, "x" + ",1" * 11 + "\n", max_filter_ratio="1")
    assert "column_name[id], 'x' is not a valid bigint" in bad["FirstErrorMsg"], "c1 is not part of c10, c11 and c12"
    zoned = send(server, statement.replace("c2,", "unix_timestamp(c2),"), "1", timezone="Asia/Shanghai")
    assert "'Asia/Shanghai' is not offered with unix_timestamp" in zoned["Message"]


def test_json_and_labels(server, database, sql):
    sql(TABLE)
    rows = '{"id": 1, "name": "a", "amount": 2}\n{"id": 2, "name": "b"}\n'
    statement = f'INSERT INTO {database}.t WITH LABEL once (id, c2) SELECT id, `name` FROM http_stream("format" = "json")'
    load(server, statement, rows)
    assert send(server, statement, rows)["Status"] == "Label Already Exists"
    assert sql("SELECT id, c2 FROM t ORDER BY id") == [(1, "a"), (2, "b")]
    load(server, f'INSERT INTO {database}.t SELECT * FROM http_stream("format" = "json", "strip_outer_array" = "true")', '[{"id": 3, "c2": "z"}]')
    assert sql("SELECT c2 FROM t WHERE id = 3") == [("z",)]


@pytest.mark.parametrize("statement, told", [
    ("SELECT 1", "expected INSERT INTO"),
    ("INSERT INTO t SELECT * FROM http_stream('format' = 'csv')", "name the table with its database"),
    ("INSERT INTO {}.none SELECT * FROM http_stream('format' = 'csv')", "none"),
    ("INSERT INTO {}.t SELECT c1 FROM http_stream('format' = 'csv')", "3 columns and 1 expressions"),
    ("INSERT INTO {}.t (id) SELECT 1 FROM http_stream('format' = 'csv')", "no field of the rows is selected"),
    ("INSERT INTO {}.t (id) SELECT c1 FROM http_stream('format' = 'csv') GROUP BY c1", "no joins, groups or limits"),
    ("INSERT INTO {}.t (id) SELECT sum(c1) FROM http_stream('format' = 'csv')", "aggregate"),
    ("INSERT INTO {}.t (id) SELECT id + 1 FROM http_stream('format' = 'json')", "takes names of fields"),
    ("INSERT INTO {}.t SELECT * FROM http_stream('format' = 'csv_with_names')", "formats csv and json"),
    ("INSERT INTO {}.t SELECT * FROM other", "HTTP_STREAM")])
def test_what_is_refused(server, database, sql, statement, told):
    sql(TABLE)
    answer = send(server, statement.format(database), "1\t2\t3\n")
    assert answer["Status"] == "Fail" and told.lower() in answer["Message"].lower(), answer
    assert sql("SELECT count(*) FROM t") == [(0,)]


def test_a_missing_statement_is_told(server):
    status, _, answer = server.http("PUT", "/api/_http_stream", b"1\n", {"Expect": "100-continue"})
    assert status == 200 and b"the header sql is missing" in answer
