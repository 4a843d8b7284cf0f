"""EXPLAIN ANALYZE tells which rows a scan was spared, and SHOW PROCESSLIST how far a running query is."""
import re
import threading
import time

import pytest

ROWS = 400_000


@pytest.fixture(scope="module")
def table(server):
    """d.t: 400,000 rows sorted by day, in two partitions, 100,000 of them replaced."""
    server.sql("CREATE DATABASE d")
    server.sql("""CREATE TABLE d.t (k BIGINT NOT NULL, part INT NOT NULL, v BIGINT) UNIQUE KEY(k, part)
                  PARTITION BY RANGE(part) (PARTITION p0 VALUES LESS THAN ('1'), PARTITION p1 VALUES LESS THAN ('2'))
                  DISTRIBUTED BY HASH(k) BUCKETS 1""")
    for first, end in ((0, ROWS), (0, ROWS // 4)):
        body = "".join(f"{k},{k * 2 // ROWS},{k % 10}\n" for k in range(first, end))
        server.load("d", "t", body, column_separator=",")
    yield "d.t"
    server.sql("DROP DATABASE d")


def counts(server, query):
    """{"Rows stored": 1, ...} of the one scan."""
    plan = "\n".join(line for line, in server.sql("EXPLAIN ANALYZE " + query))
    text = re.sub(r"[│┌┐└┘─┬┴├┤\s]+", " ", plan)
    return {name: int(number) for name, number in re.findall(r"(Rows [a-z ]+): (\d+)", text)}, text


def test_rows_are_accounted_for(server, table):
    for condition in ("true", "k < 1000", "part = 1", "part = 1 AND k < 250000", "v = 3", "k IN (5, 399999)", "k < 0"):
        got = server.value(f"SELECT count(*) FROM {table} WHERE {condition} AND v >= 0")
        found, text = counts(server, f"SELECT sum(v + 0) FROM {table} WHERE {condition} AND v >= 0")
        if not found and got == 0:
            continue  # the plan needs no scan
        assert found["Rows given"] >= got, text  # the engine itself may filter once more
        stored = found.pop("Rows stored")
        assert stored == sum(found.values()), text
        assert stored >= ROWS


def test_each_way_to_spare_rows_is_told(server, table):
    found, text = counts(server, f"SELECT sum(v + 0) FROM {table} WHERE part = 1")
    assert found["Rows pruned by partition"] >= ROWS // 2, text
    found, text = counts(server, f"SELECT sum(v + 0) FROM {table} WHERE k < 1000")
    assert found["Rows pruned by zone map"] >= ROWS // 4, text
    found, text = counts(server, f"SELECT sum(v + 0) FROM {table} WHERE v = 3")
    assert found["Rows filtered"] > ROWS // 2 and found["Rows given"] == ROWS // 10, text
    found, text = counts(server, f"SELECT sum(v + 0) FROM {table}")
    if found["Rows stored"] > ROWS:  # no compaction has come before
        assert found["Rows dead by bitmap"] == found["Rows stored"] - ROWS, text


@pytest.fixture(scope="module")
def keyed(server):
    """e.t: even keys of two columns in four buckets; 200,000 rows in segments, then a few hundred changed and deleted ones beside them."""
    server.sql("CREATE DATABASE e")
    server.sql("CREATE TABLE e.t (k INT NOT NULL, s VARCHAR(10) NOT NULL, v BIGINT) UNIQUE KEY(k, s) DISTRIBUTED BY HASH(k) BUCKETS 4")
    rows = {(k * 2, "ab"[k % 2]): k for k in range(200_000)}
    server.load("e", "t", "".join(f"{k},{s},{v}\n" for (k, s), v in rows.items()), column_separator=",")
    for k in range(0, 600, 3):
        rows[2 * k, "ab"[k % 2]] = -k
    server.load("e", "t", "".join(f"{k},{s},{v}\n" for (k, s), v in rows.items() if v < 0), column_separator=",")
    server.sql("DELETE FROM e.t WHERE k = 200 AND s = 'a'")
    del rows[200, "a"]
    yield rows
    server.sql("DROP DATABASE e")


def test_whole_keys_are_looked_up_rather_than_scanned_for(server, keyed, rng):
    hits = [key for key in keyed if rng.random() < 0.001] + [(6, "b"), (200, "a")]
    for _ in range(60):
        ks = [rng.choice(hits)[0] + rng.choice((0, 0, 1)) for _ in range(rng.randint(1, 5))]
        texts = rng.choice((["a"], ["b"], ["a", "b"], ["b", "c", "a"]))
        condition = f"k IN ({', '.join(map(str, ks))}) AND s IN ({', '.join(repr(s) for s in texts)}) AND v + 0 IS NOT NULL"
        expected = sum(keyed.get((k, s), 0) for k in set(ks) for s in texts)
        assert (server.value(f"SELECT sum(v + 0) FROM e.t WHERE {condition}") or 0) == expected, condition
    found, text = counts(server, "SELECT sum(v + 0) FROM e.t WHERE k = 240 AND s = 'a'")
    assert found["Rows pruned by bucket"] > 40_000 and found["Rows pruned by key index"] > 10_000, text
    assert found["Rows stored"] == sum(number for name, number in found.items() if name != "Rows stored"), text
    totals = {"Rows pruned by bloom filter": 0, "Rows pruned by key index": 0}
    for k in range(20_001, 20_041, 2):
        found, text = counts(server, f"SELECT sum(v + 0) FROM e.t WHERE k = {k} AND s = 'a'")
        for name in totals:
            totals[name] += found[name]
        assert found["Rows given"] == 0 and sum(found[name] for name in totals) > 10_000, text
    assert totals["Rows pruned by bloom filter"] > 4 * totals["Rows pruned by key index"], totals


def test_a_point_read_tells_what_it_was_spared(server, keyed):
    found, text = counts(server, "SELECT v FROM e.t WHERE k = 240 AND s = 'a'")
    assert "point read by its whole key" in text and found["Rows given"] == 1 and found["Rows pruned by bucket"] > 40_000, text


def test_explain_reads_what_the_transaction_reads(server, keyed):
    connection = server.connect("e")
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO t VALUES (-1, 'mine', 1)")
        cursor.execute("EXPLAIN ANALYZE SELECT sum(v + 0) FROM t WHERE k + 0 < 0")
        text = " ".join(line for line, in cursor.fetchall())
        assert re.search(r"Rows given: +1\D", text), text
        cursor.execute("EXPLAIN ANALYZE SELECT v FROM t WHERE k = -1 AND s = 'mine'")
        text = " ".join(line for line, in cursor.fetchall())
        assert re.search(r"Rows given: +1\D", text), text
        cursor.execute("ROLLBACK")
    connection.close()


def test_the_process_list_tells_how_far_a_query_is(server, table):
    victim = server.connect("d")
    query = f"SELECT sum(sin(a.k + b.range)) FROM t a, range(20000) b WHERE a.v >= 0"

    def run():
        try:
            with victim.cursor() as cursor:
                cursor.execute(query)
        except Exception:  # killed
            pass

    runner = threading.Thread(target=run)
    runner.start()
    deadline = time.monotonic() + 60
    seen = []
    while not seen or seen[-1][1] == 0:
        assert time.monotonic() < deadline, f"no progress is told: {seen[-5:]}"
        rows = server.sql(f"SELECT rows_scanned, rows_to_scan, progress FROM information_schema.processlist WHERE id = {victim.thread_id()} AND command = 'Query'")
        seen += [(done, planned, percent) for done, planned, percent in rows]
        time.sleep(0.01)
    done, planned, percent = seen[-1]
    assert ROWS <= planned <= ROWS * 5 // 4 and 0 <= done <= planned and 0 <= percent <= 100
    [shown] = [row for row in server.sql("SHOW FULL PROCESSLIST") if row[0] == str(victim.thread_id())]
    assert re.fullmatch(r"scanned \d+ of \d+ rows", shown[6]) and shown[7] == query and float(shown[8]) <= 100
    server.sql(f"KILL QUERY {victim.thread_id()}")
    runner.join(60)
    victim.close()
