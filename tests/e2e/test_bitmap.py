"""BITMAP columns: sets of numbers, united when they are written."""
import threading

import pytest
from pymysql.err import MySQLError


def make_table(server):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    server.sql("CREATE TABLE d.uv (page VARCHAR(20), visits BIGINT SUM DEFAULT '0', users BITMAP BITMAP_UNION) AGGREGATE KEY(page) "
               "DISTRIBUTED BY HASH(page) BUCKETS 2")


def sets(server, table="d.uv", column="users"):
    return dict(server.sql(f"SELECT page, bitmap_to_string({column}) FROM {table}"))


def test_sets_are_united_when_written(make_server):
    server = make_server()
    make_table(server)
    server.sql("INSERT INTO d.uv VALUES ('a', 1, to_bitmap(5)), ('a', 1, to_bitmap(7)), ('b', 1, to_bitmap(18446744073709551615))")
    server.sql("INSERT INTO d.uv SELECT 'a', 1, to_bitmap(unnest) FROM unnest(range(100, 103))")
    server.sql("INSERT INTO d.uv SELECT page, 0, bitmap_from_string('1, 2') FROM d.uv")
    server.sql("INSERT INTO d.uv (page, visits) VALUES ('c', 1)")
    expected = {"a": "1,2,5,7,100,101,102", "b": "1,2,18446744073709551615", "c": ""}
    assert sets(server) == expected
    assert server.value("SELECT count(*) FROM d.uv") == 3
    assert dict(server.sql("SELECT page, bitmap_count(users) FROM d.uv")) == {"a": 7, "b": 3, "c": 0}
    server.kill()
    server.start()
    assert sets(server) == expected
    server.sql("ALTER TABLE d.uv COMPACT")
    assert sets(server) == expected
    # Raw sets are NULL for clients, as in Doris.
    assert server.sql("SELECT page, visits, users FROM d.uv ORDER BY page") == [("a", 5, None), ("b", 1, None), ("c", 1, None)]
    assert server.sql("SELECT users FROM d.uv WHERE page = 'a'") == [(None,)]
    assert server.sql("SELECT bitmap_union_count(users), bitmap_count(bitmap_union(users)), bitmap_count(bitmap_intersect(users)) "
                      "FROM d.uv WHERE page < 'c'") == [(8, 8, 2)]
    assert server.sql("SELECT page > 'a' AS later, bitmap_to_string(bitmap_union(users)) FROM d.uv GROUP BY later ORDER BY later") == [
        (0, "1,2,5,7,100,101,102"), (1, "1,2,18446744073709551615")]
    assert server.stop() == 0


def test_stream_loads_make_sets_by_expressions(make_server):
    server = make_server()
    make_table(server)
    rows = "".join(f"p{i % 3},{i},x\n" for i in range(3000))
    for _ in range(2):
        server.load("d", "uv", rows, columns="page,user,skipped,visits=1,users=to_bitmap(user)", column_separator=",")
    server.load("d", "uv", '{"page": "p0", "user": "ann"}\n{"page": "p3", "user": "bob"}\n', format="json", read_json_by_line="true",
                columns="page,user,users=bitmap_hash(user)")
    assert server.sql("SELECT page, visits, bitmap_count(users) FROM d.uv ORDER BY page") == [
        ("p0", 2000, 1001), ("p1", 2000, 1000), ("p2", 2000, 1000), ("p3", 0, 1)]
    # A value that is no set does not get in, whatever the expression.
    answer = server.stream_load("d", "uv", "p9,5\n", columns="page,user,users=concat(user, 'x')", column_separator=",")
    assert answer["Status"] == "Fail", answer
    assert server.value("SELECT count(*) FROM d.uv WHERE page = 'p9'") == 0


@pytest.mark.parametrize("expression, value", [
    ("bitmap_to_string(to_bitmap(-1))", ""), ("bitmap_count(to_bitmap(-1))", 0), ("bitmap_to_string(to_bitmap(NULL))", ""),
    ("bitmap_to_string(to_bitmap('123'))", "123"), ("bitmap_count(to_bitmap('123ABC'))", 0),
    ("bitmap_to_string(bitmap_hash('hello'))", "1321743225"), ("bitmap_to_string(bitmap_hash('world'))", "2453398188"),
    ("bitmap_count(NULL)", 0), ("bitmap_to_string(bitmap_empty())", ""), ("bitmap_to_string(NULL)", None),
    ("bitmap_to_string(bitmap_from_string('3,1,2'))", "1,2,3"), ("bitmap_from_string('a,1') IS NULL", 1),
    ("bitmap_to_string(bitmap_and(bitmap_from_string('1,2,3'), bitmap_from_string('2,3,4'), to_bitmap(3)))", "3"),
    ("bitmap_to_string(bitmap_or(bitmap_from_string('1,2'), to_bitmap(9), bitmap_empty()))", "1,2,9"),
    ("bitmap_to_string(bitmap_xor(bitmap_from_string('2,3'), bitmap_from_string('1,2,3,4')))", "1,4"),
    ("bitmap_to_string(bitmap_not(bitmap_from_string('2,3'), bitmap_from_string('3,4')))", "2"),
    ("bitmap_and_not_count(bitmap_from_string('2,3,5'), bitmap_from_string('3,4'))", 2),
    ("bitmap_or_count(bitmap_from_string('2,3'), bitmap_from_string('3,4'))", 3),
    ("bitmap_and(to_bitmap(1), NULL) IS NULL", 1),
    ("bitmap_contains(bitmap_from_string('1,2'), 2)", 1), ("bitmap_contains(to_bitmap(1), 2)", 0), ("bitmap_contains(to_bitmap(1), -1)", 0),
    ("bitmap_has_any(bitmap_from_string('1,2'), bitmap_from_string('2,3'))", 1),
    ("bitmap_has_all(bitmap_from_string('1,2'), bitmap_from_string('2,3'))", 0),
    ("bitmap_max(bitmap_from_string('1,9999999999'))", 9999999999), ("bitmap_min(bitmap_empty())", None),
])
def test_functions(server, expression, value):
    assert server.value(f"SELECT {expression}") == value


def test_aggregates_over_many_rows(server):
    assert server.sql("SELECT bitmap_union_count(to_bitmap(r % 1000)), bitmap_union_int(r % 70000), "
                      "bitmap_count(bitmap_agg(r)) FROM range(200000) t(r)") == [(1000, 70000, 200000)]
    assert server.sql("SELECT bitmap_union_count(to_bitmap(r)), bitmap_count(bitmap_union(to_bitmap(r))) FROM range(10) t(r) WHERE r > 10") == [(0, 0)]
    assert server.value("SELECT count(*) FROM (SELECT r % 997 AS g, bitmap_union_count(to_bitmap(r)) AS n FROM range(100000) t(r) GROUP BY g) "
                        "WHERE n IN (100, 101)") == 997
    with pytest.raises(MySQLError, match="more than 16777216 bytes"):
        server.sql("SELECT bitmap_to_string(bitmap_agg(r + 1000000000)) FROM range(2000000) t(r)")


@pytest.mark.parametrize("ddl, problem", [
    ("k BITMAP, v INT SUM) AGGREGATE KEY(k)", "cannot be a key"),
    ("k INT, b BITMAP) AGGREGATE KEY(k)", r"should specify aggregate type for non-key column\[b\]"),
    ("k INT, b BITMAP SUM) AGGREGATE KEY(k)", "Aggregate type SUM is not compatible with primitive type bitmap"),
    ("k INT, b BIGINT BITMAP_UNION) AGGREGATE KEY(k)", "Aggregate type BITMAP_UNION is not compatible with primitive type bigint"),
    ("k INT, b BITMAP BITMAP_UNION NULL) AGGREGATE KEY(k)", "complex type column must be not nullable, column:b"),
    ("k INT, b BITMAP BITMAP_UNION DEFAULT '1') AGGREGATE KEY(k)", "Bitmap type column can not set default value"),
    ("k INT, b BITMAP BITMAP_UNION) UNIQUE KEY(k)", "UNIQUE_KEYS table should not specify aggregate type"),
])
def test_definitions_that_are_refused(server, ddl, problem):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    with pytest.raises(MySQLError, match=problem):
        server.sql(f"CREATE TABLE d.wrong ({ddl} DISTRIBUTED BY HASH(k) BUCKETS 1")


def test_only_sets_go_in_and_only_functions_read_them(make_server):
    server = make_server()
    make_table(server)
    server.sql("CREATE TABLE d.t (k INT, s STRING) UNIQUE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1")
    for statement, problem in [("INSERT INTO d.uv VALUES ('a', 1, '5')", "'5' is no bitmap"),
                               ("INSERT INTO d.uv VALUES ('a', 1, 5)", "'5' is no bitmap"),
                               ("INSERT INTO d.uv SELECT 'a', 1, '5'", "is no bitmap, but goes into a BITMAP column"),
                               ("INSERT INTO d.uv SELECT 'a', 1, NULL", "is no bitmap"),
                               ("INSERT INTO d.t SELECT 1, to_bitmap(5)", "is a bitmap: bitmap_to_string"),
                               ("SELECT bitmap_count('5')", "1 bytes are no BITMAP"),
                               ("SELECT bitmap_count(unhex('35'))", "(?i)bitmap")]:
        with pytest.raises(MySQLError, match=problem):
            server.sql(statement)
    answer = server.stream_load("d", "uv", "a,1,5\n", column_separator=",")
    assert answer["Status"] == "Fail" and answer["NumberFilteredRows"] == 1, answer
    assert b"'5' is no bitmap" in server.http("GET", "/" + answer["ErrorURL"].split("://", 1)[1].split("/", 1)[1])[2]
    assert server.value("SELECT count(*) FROM d.uv") == 0
    ddl = server.sql("SHOW CREATE TABLE d.uv")[0][1]
    assert "`users` bitmap BITMAP_UNION NOT NULL DEFAULT BITMAP_EMPTY" in ddl
    server.sql("DROP TABLE d.uv")
    server.sql("USE d")
    server.sql(ddl)
    assert server.sql("SHOW CREATE TABLE d.uv")[0][1] == ddl


def test_aggregates_that_are_not_for_sets_alone(make_server):
    server = make_server()
    make_table(server)
    server.sql("INSERT INTO d.uv VALUES ('a', 1, bitmap_from_string('1,2,3')), ('b', 2, bitmap_from_string('3,4')), ('c', 4, bitmap_empty()), "
               "('d', 8, bitmap_from_string('3,4'))")
    assert server.sql("SELECT count(DISTINCT users), count(users), count(*) FROM d.uv") == [(4, 4, 4)]
    assert server.sql("SELECT page > 'a' AS later, count(DISTINCT users), sum(visits) FROM d.uv GROUP BY later ORDER BY later") == [(0, 3, 1), (1, 2, 14)]
    assert server.value("SELECT count(DISTINCT users) FROM d.uv WHERE page = 'nobody'") == 0
    assert server.sql("SELECT page FROM d.uv GROUP BY page HAVING count(DISTINCT users) > 2") == [("a",)]
    for name in ("min", "max"):
        with pytest.raises(MySQLError, match="(?i)bitmap"):
            server.sql(f"SELECT {name}(users) FROM d.uv")


def test_unique_tables_and_alter(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (page INT, n INT) UNIQUE KEY(page) DISTRIBUTED BY HASH(page) BUCKETS 1")
    server.sql("INSERT INTO d.t VALUES (1, 1)")
    server.sql("ALTER TABLE d.t ADD COLUMN b BITMAP")
    server.sql("INSERT INTO d.t VALUES (2, 2, to_bitmap(2)), (3, 3, to_bitmap(3))")
    server.sql("INSERT INTO d.t VALUES (3, 3, to_bitmap(33))")
    assert sets(server, "d.t", "b") == {1: "", 2: "2", 3: "33"}
    with pytest.raises(MySQLError, match="cannot become string"):
        server.sql("ALTER TABLE d.t MODIFY COLUMN b STRING")
    with pytest.raises(MySQLError, match="cannot become bitmap"):
        server.sql("ALTER TABLE d.t MODIFY COLUMN n BITMAP")
    server.restart()
    assert sets(server, "d.t", "b") == {1: "", 2: "2", 3: "33"}


def test_concurrent_unions_lose_nothing(make_server):
    server = make_server()
    make_table(server)
    threads, loads = 4, 25

    def write(thread):
        for i in range(loads):
            first = (thread * loads + i) * 10
            server.sql(f"INSERT INTO d.uv SELECT concat('p', r % 3), 1, to_bitmap(r + {first}) FROM range(10) t(r)")

    writers = [threading.Thread(target=write, args=(thread,)) for thread in range(threads)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert server.sql("SELECT sum(visits), bitmap_union_count(users), sum(bitmap_count(users)) FROM d.uv") == [(1000, 1000, 1000)]


def test_hashes_of_64_bits_and_counts_of_intersections(make_server):
    server = make_server()
    make_table(server)
    assert server.value("SELECT bitmap_to_string(bitmap_hash64('hello'))") == "15231136565543391023"
    assert server.value("SELECT bitmap_count(bitmap_or(bitmap_hash64('a'), bitmap_hash64('b'), bitmap_hash64('a')))") == 2
    server.sql("CREATE TABLE d.visits (day INT, users BITMAP BITMAP_UNION) AGGREGATE KEY(day) DISTRIBUTED BY HASH(day) BUCKETS 2")
    server.sql("INSERT INTO d.visits SELECT r % 3, to_bitmap(r % 10) FROM range(24) t(r)")
    days = {day: {r % 10 for r in range(24) if r % 3 == day} for day in range(3)}
    for wanted in ((0,), (0, 1), (0, 1, 2), (1, 7)):
        expected = len(set.intersection(*(days.get(day, set()) for day in wanted)))
        assert server.value(f"SELECT intersect_count(users, day, {', '.join(map(str, wanted))}) FROM d.visits") == expected
