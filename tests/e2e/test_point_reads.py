"""Reads by the key that never enter the engine: lists of keys and short ranges, beside the engine's answers."""
import datetime

import pytest

SETTINGS = {"storage.small_commit_bytes": "4KiB", "storage.delta_flush_rows": 700, "compaction.trigger_segments": 4}


def explain(server, query):
    return "\n".join(row[0] for row in server.sql("EXPLAIN " + query))


def expect_short(server, query, is_short=True):
    assert ("SHORT-CIRCUIT" in explain(server, query)) == is_short, query


def expect_same(server, select, condition, order=None):
    """The rows by the short way and by the engine; `order`: of the short way's rows, when it has one."""
    expect_short(server, f"{select} WHERE {condition}")
    short = server.sql(f"{select} WHERE {condition}")
    engine = server.sql(f"{select} WHERE ({condition}) AND 1 = 1")
    expect_short(server, f"{select} WHERE ({condition}) AND 1 = 1", False)
    assert sorted(short) == sorted(engine), condition
    if order is not None:
        assert short == sorted(short, key=order)
    return short


def fill(server, table, row, rng):
    """Segments with dead rows, delta buffers, deletes."""
    for count in (3000, 30, 1500, 300, 20):
        keys = rng.sample(range(4000), count)
        server.load("d", table, "".join(row(key) for key in keys), column_separator=",")
    for key in rng.sample(range(4000), 40):
        server.load("d", table, row(key), column_separator=",", merge_type="DELETE")


@pytest.mark.parametrize("partitions", ["", "PARTITION BY RANGE(id) (PARTITION a VALUES LESS THAN ('1000'), PARTITION b VALUES LESS THAN ('9999'))"])
def test_lists_and_ranges_of_one_number(make_server, rng, partitions):
    server = make_server(SETTINGS)
    server.sql("CREATE DATABASE d")
    server.sql(f"CREATE TABLE d.t (id INT NOT NULL, v BIGINT, s VARCHAR(20)) UNIQUE KEY(id) {partitions} DISTRIBUTED BY HASH(id) BUCKETS 3")
    fill(server, "t", lambda key: f"{key},{rng.randrange(1000)},text {key}\n", rng)
    for _ in range(40):
        keys = [rng.randrange(-10, 4100) for _ in range(rng.choice((1, 2, 20)))]
        keys += rng.sample(keys, 1)
        rows = expect_same(server, "SELECT id, s, v FROM d.t", f"id IN ({', '.join(map(str, keys))})", order=lambda row: row[0])
        assert len(rows) == len({row[0] for row in rows})
        low = rng.randrange(-10, 4100)
        expect_same(server, "SELECT * FROM d.t", f"id BETWEEN {low} AND {low + rng.randrange(-3, 300)}")
    assert server.sql("SELECT v FROM d.t WHERE id IN (NULL)") == []
    assert len(server.sql("SELECT v FROM d.t WHERE id IN (NULL, 1, 2, 3, 4, 5, 6, 7, 8) LIMIT 2")) == 2
    assert len(server.sql("SELECT v FROM d.t WHERE id BETWEEN 0 AND 500 LIMIT 7")) == 7
    for order in ("id", "v, id", "v DESC, id", "s DESC", "id DESC LIMIT 5", "v, id DESC LIMIT 30"):
        for condition in ("id BETWEEN 300 AND 600", "id IN (1, 9, 5, 1000, 1001, 999, 4)"):
            query = f"SELECT v, s FROM d.t WHERE {condition} ORDER BY {order}"
            expect_short(server, query)
            assert server.sql(query) == server.sql(query.replace("WHERE", "WHERE 1 = 1 AND")), query
    query = "SELECT DISTINCT v FROM d.t WHERE id BETWEEN 300 AND 900 ORDER BY v"
    expect_short(server, query)
    assert server.sql(query) == server.sql(query.replace("WHERE", "WHERE 1 = 1 AND"))
    expect_short(server, "SELECT v AS id FROM d.t WHERE id BETWEEN 3 AND 9 ORDER BY id", False)
    # The engine compares what is no number of the key's type, and reads what is no short range.
    for condition in ("id IN (1, 2.5)", "id IN ('1', '22')", "id BETWEEN 1.5 AND 7", "id BETWEEN -2147483648 AND 2147483647", "id IN (99999999999)"):
        engine = server.sql(f"SELECT id, v FROM d.t WHERE ({condition}) AND 1 = 1")
        assert sorted(server.sql(f"SELECT id, v FROM d.t WHERE {condition}")) == sorted(engine), condition


def test_prefixes_of_a_key_of_several_columns(make_server, rng):
    server = make_server(SETTINGS)
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (a VARCHAR(10), b INT, c DATE NOT NULL, v INT) UNIQUE KEY(a, b, c) DISTRIBUTED BY HASH(a) BUCKETS 4")
    first = datetime.date(2026, 1, 1)

    def row(key):
        name = (r"\N", "", "x", "x\x01", "ab")[key % 5]
        return f"{name},{key // 5 % 40 - 20 if key % 7 else chr(92) + 'N'},{first + datetime.timedelta(key // 200)},{key}\n"

    fill(server, "t", row, rng)
    select = "SELECT v, c, b, a FROM d.t"
    for name in ("x", "ab", "", "nobody"):
        rows = expect_same(server, select, f"a = '{name}'")
        assert bool(rows) == (name != "nobody")
        for b in (-20, 3, 500):
            expect_same(server, select, f"b = {b} AND a = '{name}'")
            expect_same(server, select, f"a = '{name}' AND b BETWEEN {b} AND {b + 10}")
            expect_same(server, select, f"a = '{name}' AND b = {b} AND c BETWEEN '2026-01-03' AND '2026-01-09'")
            by_date = f"{select} WHERE a = '{name}' AND b = {b} ORDER BY c DESC LIMIT 3"
            expect_short(server, by_date)
            assert server.sql(by_date) == server.sql(by_date.replace("WHERE", "WHERE 1 = 1 AND"))
            expect_same(server, select, f"a = '{name}' AND b = {b} AND c IN ('2026-01-03', '2026-01-01', '2026-01-03')")
    expect_same(server, select, "a BETWEEN 'a' AND 'wz'")
    for condition in ("b = 3", "a = 'x' AND c = '2026-01-01'", "a IN ('x', 'ab')", "a = 'x' AND v = 1", "a = 'x' AND b = 1 AND c = '2026-01-01' AND v = 1"):
        expect_short(server, f"{select} WHERE {condition}", False)


def test_prepared_lists_and_ranges_follow_the_schema(make_server):
    import mysql.connector

    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT NOT NULL, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    server.sql("INSERT INTO d.t SELECT range, range * 10 FROM range(10)")
    with mysql.connector.connect(host="127.0.0.1", port=server.mysql_port, user="root", database="d", use_pure=True) as connection:
        with connection.cursor(prepared=True) as cursor:
            def rows(query, *parameters):
                cursor.execute(query, parameters)
                return cursor.fetchall()

            for change, extra in ((None, ()), ("ADD COLUMN w INT DEFAULT '7'", (7,)), ("DROP COLUMN w", ())):
                if change:
                    server.sql(f"ALTER TABLE d.t {change}")
                assert rows("SELECT * FROM t WHERE id IN (%s, %s, %s)", 3, 1, 99) == [(1, 10, *extra), (3, 30, *extra)]
                assert sorted(rows("SELECT * FROM t WHERE id BETWEEN %s AND %s", 4, 5)) == [(4, 40, *extra), (5, 50, *extra)]
            assert rows("SELECT * FROM t WHERE id IN (%s)", None) == []
    # In a transaction they see its own rows.
    connection = server.connect("d")
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO t VALUES (3, 1), (50, 2)")
        cursor.execute("SELECT v FROM t WHERE id IN (50, 3)")
        assert cursor.fetchall() == ((1,), (2,))
        cursor.execute("SELECT v FROM t WHERE id BETWEEN 9 AND 60")
        assert sorted(cursor.fetchall()) == [(2,), (90,)]
        cursor.execute("ROLLBACK")
        cursor.execute("SELECT v FROM t WHERE id IN (50, 3)")
        assert cursor.fetchall() == ((30,),)
    connection.close()
