"""Flexible partial updates: each JSON row replaces the columns that it has."""
import json

import pytest

from support.column_owners import ColumnOwners

FLEXIBLE = '"enable_unique_key_skip_bitmap_column" = "true"'
COLUMNS = 4


def make_table(server, more="", extra=""):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    columns = ", ".join(f"c{i} BIGINT DEFAULT '-{i + 1}'" for i in range(COLUMNS))
    server.sql(f"CREATE TABLE d.t (id INT, {columns}, note STRING{extra}) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 "
               f"PROPERTIES ({FLEXIBLE}{more})")


def update(server, rows, table="t", **headers):
    body = "".join(json.dumps(row) + "\n" for row in rows)
    headers.setdefault("format", "json")
    headers.setdefault("read_json_by_line", "true")
    return server.stream_load("d", table, body, unique_key_update_mode="UPDATE_FLEXIBLE_COLUMNS", **headers)


def test_each_row_brings_its_own_columns(make_server):
    server = make_server()
    make_table(server)
    server.load("d", "t", "1,10,11,12,13,one\n2,20,21,22,23,two\n3,30,31,32,33,three\n", column_separator=",")
    answer = update(server, [
        {"id": 1, "c0": 100}, {"id": 2, "note": None, "c3": 200}, {"id": 1, "c1": 110, "c0": 101}, {"id": 4, "c2": 400},
        {"c0": 5}, {"id": 3, "__DORIS_DELETE_SIGN__": 1}, {"id": 2, "__DORIS_DELETE_SIGN__": 1}, {"id": 2, "c0": 7},
    ], max_filter_ratio="0.2")
    assert answer["Status"] == "Success" and (answer["NumberLoadedRows"], answer["NumberFilteredRows"]) == (7, 1), answer
    expected = [(1, 101, 110, 12, 13, "one"), (2, 7, -2, -3, -4, None), (4, -1, -2, 400, -4, None)]
    assert server.sql("SELECT * FROM d.t ORDER BY id") == expected
    server.sql("ALTER TABLE d.t COMPACT")
    update(server, [{"id": 3, "c1": 1}])
    server.kill()
    server.start()
    expected.insert(2, (3, -1, 1, -3, -4, None))
    assert server.sql("SELECT * FROM d.t ORDER BY id") == expected
    assert server.value("SELECT count(*) FROM d.t") == 4


def test_several_segments_in_one_load(make_server):
    server = make_server({"storage.memtable_bytes": "1MiB", "ingest.max_row_bytes": "64KiB", "storage.small_commit_bytes": "64KiB"})
    make_table(server)
    keys = 20_000
    server.load("d", "t", "".join(f"{key},0,0,0,0,x\n" for key in range(0, keys, 2)), column_separator=",")
    rows = [{"id": key, f"c{i}": i * keys + key} for i in range(COLUMNS) for key in range(keys)]
    rows += [{"id": key, "__DORIS_DELETE_SIGN__": 1} for key in range(0, keys, 10)] + [{"id": 0, "note": "again"}]
    answer = update(server, rows)
    assert answer["Status"] == "Success", answer
    assert server.sql("SELECT * FROM d.t WHERE id IN (0, 1, 2, 10)  ORDER BY id") == [
        (0, -1, -2, -3, -4, "again"), (1, 1, keys + 1, 2 * keys + 1, 3 * keys + 1, None), (2, 2, keys + 2, 2 * keys + 2, 3 * keys + 2, "x")]
    assert server.value("SELECT count(*) FROM d.t") == keys - keys // 10 + 1
    assert server.value(f"SELECT count(*) FROM d.t WHERE id > 0 AND c3 = 3 * {keys} + id") == keys - keys // 10


def test_with_a_sequence_column(make_server):
    server = make_server()
    make_table(server, ', "function_column.sequence_type" = "bigint"')
    row = lambda id, seq, **columns: {"id": id, "__DORIS_SEQUENCE_COL__": seq, **columns}
    update(server, [row(1, 5, c0=1), row(2, 5, c0=2)])
    update(server, [row(1, 4, c0=10), {"id": 1, "c1": 11}, row(2, 6, c1=12), row(2, 5, c1=13)])
    update(server, [row(1, 7, __DORIS_DELETE_SIGN__=1)])
    update(server, [row(1, 6, c0=0), row(3, 1, note="new")])
    assert server.sql("SELECT id, c0, c1, note, __DORIS_SEQUENCE_COL__ FROM d.t ORDER BY id") == [
        (2, 2, 12, None, 6), (3, -1, -2, "new", 1)]


def test_what_is_refused(make_server):
    server = make_server()
    make_table(server, extra=", must INT NOT NULL")
    server.sql("CREATE TABLE d.plain (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("CREATE TABLE d.log (id INT, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")

    def message(table="t", rows=({"id": 1, "must": 1},), **headers):
        answer = update(server, rows, table, **headers)
        assert answer["Status"] == "Fail", answer
        return answer["Message"]

    assert "flexible partial update only support json format as input file currently" in message(format="csv")
    for name, value in [("columns", "id"), ("jsonpaths", '["$.id"]'), ("hidden_columns", "__DORIS_DELETE_SIGN__"),
                        ("function_column.sequence_col", "c0"), ("merge_type", "APPEND"), ("where", "id > 0")]:
        assert f"Don't support flexible partial update when '{name}' is specified" in message(**{name: value})
    assert "when 'fuzzy_parse' is enabled" in message(fuzzy_parse="true")
    assert "can only support table with skip bitmap hidden column" in message("plain")
    assert "Only unique key merge on write support partial update" in message("log")
    assert "Can't append new rows" in message(partial_update_new_key_behavior="ERROR")
    assert "the unmentioned column `must` should have default value" in message(rows=[{"id": 1, "c0": 1}])
    assert server.value("SELECT count(*) FROM d.t") == 0
    assert update(server, [{"id": 1, "must": 5}, {"id": 1, "c0": 1}])["Status"] == "Success"
    assert update(server, [{"id": 1, "c1": 1}], partial_update_new_key_behavior="ERROR")["Status"] == "Success"
    assert server.sql("SELECT * FROM d.t") == [(1, 1, 1, -3, -4, None, 5)]


@pytest.mark.parametrize("mode", ["flexible", "mixed"])
def test_concurrent_updates_of_the_same_rows_lose_nothing(make_server, rng, mode):
    """Each client owns a column; loads are small and large, with flushes, compactions and kills between."""
    server = make_server({"storage.memtable_bytes": "1MiB", "ingest.max_row_bytes": "64KiB", "storage.small_commit_bytes": "4KiB",
                          "storage.delta_flush_rows": 500, "storage.delta_flush_seconds": 1, "compaction.trigger_segments": 3})
    make_table(server)

    def write(client, _, __, keys, value):
        if mode == "mixed" and client % 2:
            body = "".join(f"{key},{value}\n" for key in keys)
            return server.stream_load("d", "t", body, columns=f"id,c{client}", column_separator=",", partial_columns="true")
        return update(server, [{"id": key, f"c{client}": value - older} for older in (1, 0) for key in keys])

    ColumnOwners(server, rng, COLUMNS, keys=300).run(rounds=2, steps=20, sizes=[1, 5, 200], update=write)
