"""Stream Loads of Arrow streams: those of tests/data/arrow, which pyarrow wrote."""
import gzip
import pathlib

import pytest

SAMPLES = pathlib.Path(__file__).parent.parent / "data" / "arrow"


def sample(name):
    return (SAMPLES / f"{name}.arrows").read_bytes()


@pytest.fixture
def table(server, database):
    server.sql(f"CREATE TABLE {database}.t (id INT NOT NULL, text VARCHAR(10)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    return lambda body, **headers: server.stream_load(database, "t", body, format="arrow", **headers)


def test_batches_become_rows(server, database, table):
    answer = table(sample("batches"))
    assert (answer["Status"], answer["NumberLoadedRows"]) == ("Success", 1200), answer
    assert server.sql(f"SELECT count(*), min(id), max(id), count(DISTINCT text) FROM {database}.t")[0] == (1200, 0, 1199, 7)
    assert table(gzip.compress(sample("dictionary_deltas")), compress_type="gz")["NumberLoadedRows"] == 5
    assert server.sql(f"SELECT id, text FROM {database}.t WHERE id IN (1, 12) ORDER BY id") == server.sql(
        "SELECT 1, 'b' UNION ALL SELECT 12, 'c' ORDER BY 1")


def test_pieces_expressions_and_deletes(server, database, table):
    body = sample("batches")
    pieces = (body[at:at + 1000] for at in range(0, len(body), 1000))
    answer = table(pieces, columns="id, text, text = upper(text)", where="id % 2 = 0")
    assert (answer["NumberLoadedRows"], answer["NumberUnselectedRows"]) == (600, 600), answer
    assert server.value(f"SELECT text FROM {database}.t WHERE id = 8") == "TEXT 1"
    assert table(body, merge_type="DELETE", columns="id")["Status"] == "Success"
    assert server.value(f"SELECT count(*) FROM {database}.t") == 0


def test_types_follow_the_rules_of_all_loads(server, database):
    server.sql(f"CREATE TABLE {database}.types (id BIGINT NOT NULL, u64 LARGEINT, f64 INT, flag BOOLEAN, `dec` DECIMAL(30,2), day DATE, "
               f"ms DATETIME(3), cat VARCHAR(4), large VARCHAR(4)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    answer = server.stream_load(database, "types", sample("types_zstd"), format="arrow", max_filter_ratio="0.5")
    assert (answer["NumberLoadedRows"], answer["NumberFilteredRows"]) == (2, 1), answer
    rows = server.sql(f"SELECT id, u64, f64, flag, `dec`, day, ms, cat FROM {database}.types ORDER BY id")
    assert [[None if cell is None else str(cell) for cell in row] for row in rows] == [
        ["1", "18446744073709551615", "3", "1", "1.50", "2026-01-02", "2026-01-02 03:04:05.678000", "x"],
        ["2", "0", "-2", "0", None, None, None, None]]


def test_what_cannot_be_read_is_refused(server, database, table, make_server):
    for body, reason in ((b"id,text\n1,a\n", "is the body an Arrow stream?"), (sample("batches")[:5000], "it ends within a message"),
                         ((SAMPLES / "file.arrow").read_bytes(), "is an Arrow file")):
        answer = table(body)
        assert answer["Status"] == "Fail" and reason in answer["Message"], answer
    assert server.value(f"SELECT count(*) FROM {database}.t") == 0
    small = make_server({"ingest.max_arrow_batch_bytes": "4KiB"})
    small.sql("CREATE DATABASE shop")
    small.sql("CREATE TABLE shop.t (id INT NOT NULL, text VARCHAR(10)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id)")
    answer = small.stream_load("shop", "t", sample("batches"), format="arrow")
    assert "ingest.max_arrow_batch_bytes" in answer["Message"], answer
    assert small.load("shop", "t", sample("legacy"), format="arrow")["NumberLoadedRows"] == 3
