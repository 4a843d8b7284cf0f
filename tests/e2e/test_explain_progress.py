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
