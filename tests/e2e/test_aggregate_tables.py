"""AGGREGATE KEY tables: rows of a key are combined when they are written."""
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymysql.err import MySQLError

TABLE = """CREATE TABLE d.visits (
  day DATE NOT NULL, page VARCHAR(20), hits BIGINT SUM NOT NULL DEFAULT "0", cost DECIMAL(10,2) SUM, slowest INT MAX,
  first_seen DATETIME MIN, title VARCHAR(40) REPLACE COMMENT "the newest", owner VARCHAR(20) REPLACE_IF_NOT_NULL,
) AGGREGATE KEY(day, page) DISTRIBUTED BY HASH(day) BUCKETS 2"""

READ = "SELECT day, page, hits, cost, slowest, first_seen, title, owner FROM d.visits ORDER BY day, page"


def make_table(server, ddl=TABLE):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    server.sql(ddl)


def texts(rows):
    return [tuple(None if value is None else str(value) for value in row) for row in rows]


def test_every_way_in_combines(make_server):
    server = make_server()
    make_table(server)
    server.load("d", "visits", "2026-01-01,a,1,0.50,7,2026-01-01 10:00:00,A,ann\n2026-01-01,a,2,\\N,9,2026-01-01 09:00:00,B,\\N\n"
                               "2026-01-02,a,5,1.00,1,2026-01-02 00:00:00,C,\\N\n", column_separator=",")
    server.sql("INSERT INTO d.visits VALUES ('2026-01-01', 'a', 10, 0.25, NULL, NULL, NULL, 'bob'), ('2026-01-01', 'b', 1, 1, 1, NULL, 'x', NULL)")
    lines = [{"day": "2026-01-02", "page": "a", "hits": 3, "slowest": 4, "title": "D"},
             {"day": "2026-01-02", "page": "a", "hits": 4, "cost": "0.10", "title": "E"}]
    server.load("d", "visits", "\n".join(map(json.dumps, lines)), format="json", read_json_by_line="true")
    # A column that is not named adds its default.
    server.load("d", "visits", "2026-01-01,b,8\n", columns="day,page,slowest", column_separator=",")
    server.sql("INSERT INTO d.visits SELECT day, page, hits, 0, 0, first_seen, title, NULL FROM d.visits WHERE page = 'b'")
    expected = [("2026-01-01", "a", "13", "0.75", "9", "2026-01-01 09:00:00", None, "bob"),
                ("2026-01-01", "b", "2", "1.00", "8", None, None, None),
                ("2026-01-02", "a", "12", "1.10", "4", "2026-01-02 00:00:00", "E", None)]
    assert texts(server.sql(READ)) == expected
    assert server.value("SELECT count(*) FROM d.visits") == 3
    assert texts(server.sql("SELECT sum(hits), max(slowest), min(first_seen), sum(cost), count(title) FROM d.visits")) == [
        ("27", "9", "2026-01-01 09:00:00", "2.85", "1")]
    assert server.sql("SELECT hits FROM d.visits WHERE day = '2026-01-01' AND page = 'a'") == [(13,)]
    server.kill()
    server.start()
    assert texts(server.sql(READ)) == expected
    server.sql("ALTER TABLE d.visits COMPACT")
    assert texts(server.sql(READ)) == expected
    assert server.affected_rows("DELETE FROM d.visits WHERE day = '2026-01-01' AND page = 'a'") == 1
    server.sql("INSERT INTO d.visits (day, page, hits) VALUES ('2026-01-01', 'a', 2)")
    assert texts(server.sql(READ))[0] == ("2026-01-01", "a", "2", None, None, None, None, None)
    assert server.stop() == 0


def test_what_is_shown(make_server):
    server = make_server()
    make_table(server)
    assert [row[:4] + row[5:] for row in server.sql("DESC d.visits")] == [
        ("day", "date", "No", "true", ""), ("page", "varchar(20)", "Yes", "true", ""), ("hits", "bigint", "No", "false", "SUM"),
        ("cost", "decimal(10,2)", "Yes", "false", "SUM"), ("slowest", "int", "Yes", "false", "MAX"),
        ("first_seen", "datetime", "Yes", "false", "MIN"), ("title", "varchar(40)", "Yes", "false", "REPLACE"),
        ("owner", "varchar(20)", "Yes", "false", "REPLACE_IF_NOT_NULL")]
    ddl = server.sql("SHOW CREATE TABLE d.visits")[0][1]
    assert "AGGREGATE KEY(`day`, `page`)" in ddl and "`hits` bigint SUM NOT NULL DEFAULT \"0\"" in ddl
    assert "`title` varchar(40) REPLACE NULL COMMENT \"the newest\"" in ddl and "merge_on_write" not in ddl
    server.sql("DROP TABLE d.visits")
    server.sql("USE d")
    server.sql(ddl)
    assert server.sql("SHOW CREATE TABLE d.visits")[0][1] == ddl
    # Without a key clause the columns before the first aggregation are the key.
    server.sql("CREATE TABLE d.plain (k1 INT, k2 INT, v INT SUM) DISTRIBUTED BY HASH(k1) BUCKETS 1")
    assert "AGGREGATE KEY(`k1`, `k2`)" in server.sql("SHOW CREATE TABLE d.plain")[0][1]


@pytest.mark.parametrize("ddl, problem", [
    ("k INT, v INT) AGGREGATE KEY(k)", r"AGG_KEYS table should specify aggregate type for non-key column\[v\]"),
    ("k INT SUM, v INT SUM) AGGREGATE KEY(k)", r"Key column\[k\] should not specify aggregate type"),
    ("k INT, v VARCHAR(10) SUM) AGGREGATE KEY(k)", r"Aggregate type SUM is not compatible with primitive type varchar\(10\)"),
    ("k INT, v JSON MAX) AGGREGATE KEY(k)", "Aggregate type MAX is not compatible with primitive type json"),
    ("k INT, v INT REPLACE_IF_NOT_NULL NOT NULL) AGGREGATE KEY(k)", "REPLACE_IF_NOT_NULL column must be nullable"),
    ("k INT, v INT SUM) UNIQUE KEY(k)", r"UNIQUE_KEYS table should not specify aggregate type for non-key column\[v\]"),
    ("k INT, v INT SUM) DUPLICATE KEY(k)", r"DUP_KEYS table should not specify aggregate type for non-key column\[v\]"),
    ("v INT SUM, k INT SUM)", "number of key columns is 0"),
    ("k INT, v HLL HLL_UNION) AGGREGATE KEY(k)", "HLL is not supported"),
    ("k INT, v QUANTILE_STATE QUANTILE_UNION) AGGREGATE KEY(k)", "QUANTILE_STATE is not supported"),
    ("k INT, v INT GENERIC) AGGREGATE KEY(k)", "GENERIC is not supported"),
])
def test_definitions_that_are_refused(server, ddl, problem):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    with pytest.raises(MySQLError, match=problem):
        server.sql(f"CREATE TABLE d.wrong ({ddl} DISTRIBUTED BY HASH(k) BUCKETS 1")
    with pytest.raises(MySQLError, match="random distribution"):
        server.sql("CREATE TABLE d.wrong (k INT, v INT SUM) AGGREGATE KEY(k) DISTRIBUTED BY RANDOM BUCKETS 1")


def test_loads_that_are_refused(make_server):
    server = make_server()
    make_table(server, "CREATE TABLE d.t (k INT, v TINYINT SUM, w INT MAX) AGGREGATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1")
    server.sql("INSERT INTO d.t VALUES (1, 100, 1)")

    def load(body, **headers):
        answer = server.stream_load("d", "t", body, column_separator=",", **headers)
        return answer["Status"], answer["Message"]

    status, message = load("1\n", columns="k", merge_type="DELETE")
    assert status == "Fail" and "load by MERGE or DELETE is only supported in unique tables" in message
    status, message = load("1,1,0\n", columns="k,v,__DORIS_DELETE_SIGN__")
    assert status == "Fail" and "only supported in unique tables" in message
    status, message = load("1,1\n", columns="k,v", partial_columns="true")
    assert status == "Fail" and "Only unique key merge on write support partial update" in message
    # A sum beyond the column's type refuses the whole load, which its label may send again.
    status, message = load("2,1,1\n1,100,1\n", label="once")
    assert status == "Fail" and "SUM of column 'v' goes out of the range of tinyint" in message
    with pytest.raises(MySQLError, match="SUM of column 'v'"):
        server.sql("INSERT INTO d.t VALUES (1, 28, 1)")
    assert server.sql("SELECT * FROM d.t") == [(1, 100, 1)]
    server.sql("ALTER TABLE d.t MODIFY COLUMN v INT SUM")
    assert load("2,1,1\n1,100,1\n", label="once")[0] == "Success"
    assert load("2,1,1\n1,100,1\n", label="once")[0] == "Label Already Exists"
    assert server.sql("SELECT * FROM d.t ORDER BY k") == [(1, 200, 1), (2, 1, 1)]


def test_alter_table(make_server):
    server = make_server()
    make_table(server, "CREATE TABLE d.t (k INT, v INT SUM) AGGREGATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1")
    server.sql("INSERT INTO d.t VALUES (1, 1), (2, 2)")
    server.sql("ALTER TABLE d.t ADD COLUMN w INT MAX DEFAULT '5'")
    server.sql("INSERT INTO d.t VALUES (1, 10, 3), (3, 30, 3)")
    assert server.sql("SELECT * FROM d.t ORDER BY k") == [(1, 11, 5), (2, 2, 5), (3, 30, 3)]
    for change, problem in [("ADD COLUMN x INT", r"should specify aggregate type for non-key column\[x\]"),
                            ("MODIFY COLUMN v INT MAX", "Can not change aggregation type"),
                            ("MODIFY COLUMN v BIGINT", "Can not change aggregation type"),
                            ("MODIFY COLUMN v VARCHAR(10) SUM", "not compatible"),
                            ("ADD COLUMN x INT KEY", "cannot be added as a KEY")]:
        with pytest.raises(MySQLError, match=problem):
            server.sql(f"ALTER TABLE d.t {change}")
    server.sql("ALTER TABLE d.t MODIFY COLUMN v BIGINT SUM, RENAME COLUMN w TO most")
    server.sql("ALTER TABLE d.t MODIFY COLUMN k INT KEY COMMENT 'the key'")
    server.sql("INSERT INTO d.t VALUES (2, 3000000000, 9)")
    assert server.sql("SELECT k, v, most FROM d.t ORDER BY k") == [(1, 11, 5), (2, 3000000002, 9), (3, 30, 3)]
    server.restart()
    assert server.sql("SELECT k, v, most FROM d.t ORDER BY k") == [(1, 11, 5), (2, 3000000002, 9), (3, 30, 3)]


def test_partitions_and_history(make_server):
    server = make_server()
    make_table(server, "CREATE TABLE d.t (day DATE NOT NULL, v INT SUM) AGGREGATE KEY(day) AUTO PARTITION BY RANGE (date_trunc(day, 'month')) () "
                       "DISTRIBUTED BY HASH(day) BUCKETS 1 PROPERTIES ('history_retention_seconds' = '3600')")
    for _ in range(3):
        server.load("d", "t", "2026-01-05,1\n2026-02-05,10\n2026-01-05,1\n", column_separator=",")
    versions = [row[0] for row in server.sql("SHOW VERSIONS FROM d.t")]
    server.sql("ALTER TABLE d.t COMPACT")
    assert server.sql("SELECT v FROM d.t ORDER BY day") == [(6,), (30,)]
    sums = [server.sql(f"SELECT v FROM d.t FOR VERSION AS OF {version} ORDER BY day") for version in sorted(map(int, versions))]
    assert sums[-3:] == [[(2,), (10,)], [(4,), (20,)], [(6,), (30,)]]


def test_concurrent_loads_across_a_kill(make_server):
    """Loads by labels, sent again when their answer is lost: every addend counts once."""
    server = make_server({"storage.delta_flush_rows": 2000})
    make_table(server, "CREATE TABLE d.t (k INT, n BIGINT SUM, last INT MAX) AGGREGATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 2")
    loads, keys, threads = 30, 50, 4

    def write(thread):
        for i in range(loads):
            body = "".join(f"{(thread * 7 + i * j) % keys},{thread + 1},{i}\n" for j in range(60))
            while True:
                try:
                    answer = server.stream_load("d", "t", body, label=f"l{thread}-{i}", column_separator=",")
                    if answer["Status"] == "Success" or answer.get("ExistingJobStatus") == "FINISHED":
                        break
                except (OSError, RuntimeError):
                    pass
                time.sleep(0.05)

    with ThreadPoolExecutor(threads) as pool:
        writers = [pool.submit(write, thread) for thread in range(threads)]
        for _ in range(2):
            time.sleep(0.3)
            server.kill()
            server.start()
        for writer in writers:
            writer.result()
    expected = {}
    for thread in range(threads):
        for i in range(loads):
            for j in range(60):
                key = (thread * 7 + i * j) % keys
                expected[key] = expected.get(key, 0) + thread + 1
    assert dict(server.sql("SELECT k, n FROM d.t")) == expected
    assert server.value("SELECT count(*) FROM d.t") == len(expected)


def test_a_kafka_topic_adds_up_across_a_kill(make_server, kafka):
    server = make_server()
    make_table(server, "CREATE TABLE d.t (k INT, n BIGINT SUM, last INT MAX) AGGREGATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 2")
    kafka.create_topic("sums", partitions=2)
    server.sql("CREATE ROUTINE LOAD d.j ON t COLUMNS TERMINATED BY ',' FROM KAFKA "
               f"('kafka_broker_list' = '{kafka.address}', 'kafka_topic' = 'sums', 'property.kafka_default_offsets' = 'OFFSET_BEGINNING')")
    for part in range(3):
        kafka.produce("sums", [(str(i % 7), f"{i % 7},1,{part}") for i in range(2000)])
        if part == 1:
            server.kill()
            server.start()
    deadline = time.monotonic() + 60
    while server.sql("SELECT sum(n) FROM d.t") != [(6000,)]:
        assert time.monotonic() < deadline, server.sql("SELECT * FROM d.t")
        time.sleep(0.05)
    assert server.sql("SELECT k, n, last FROM d.t ORDER BY k") == [(k, 3 * len(range(k, 2000, 7)), 2) for k in range(7)]
