"""Partial updates: rows replace only the columns they bring, and concurrent ones lose nothing."""
import pytest
from pymysql.err import MySQLError

from support.column_owners import ColumnOwners

COLUMNS = 4


def make_table(server, buckets=2):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    columns = ", ".join(f"c{i} BIGINT DEFAULT '-{i + 1}'" for i in range(COLUMNS))
    server.sql(f"CREATE TABLE d.t (id INT, {columns}, note STRING) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS {buckets}")


def load_columns(server, columns, rows, **headers):
    body = "".join(",".join(map(str, row)) + "\n" for row in rows)
    return server.stream_load("d", "t", body, columns=",".join(columns), column_separator=",", partial_columns="true", **headers)


def test_other_columns_stay(make_server):
    server = make_server()
    make_table(server)
    server.load("d", "t", "1,10,11,12,13,one\n2,20,21,22,23,two\n", column_separator=",")
    answer = load_columns(server, ["id", "c1"], [(1, 111), (3, 333), (1, 112)])
    assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == 3, answer
    expected = [(1, 10, 112, 12, 13, "one"), (2, 20, 21, 22, 23, "two"), (3, -1, 333, -3, -4, None)]
    assert server.sql("SELECT * FROM d.t ORDER BY id") == expected
    server.sql("ALTER TABLE d.t COMPACT")
    load_columns(server, ["note", "id"], [("zwei", 2)])
    expected[1] = (2, 20, 21, 22, 23, "zwei")
    assert server.sql("SELECT * FROM d.t ORDER BY id") == expected
    assert server.value("SELECT count(*) FROM d.t") == 3
    server.kill()
    server.start()
    assert server.sql("SELECT * FROM d.t ORDER BY id") == expected


def test_insert_of_some_columns(make_server):
    server = make_server()
    make_table(server)
    server.sql("INSERT INTO d.t VALUES (1, 1, 2, 3, 4, 'a')")
    server.sql("SET enable_unique_key_partial_update = true")
    server.sql("INSERT INTO d.t (id, c2) VALUES (1, 33), (2, 44)")
    with pytest.raises(MySQLError, match="explicitly specify the columns"):
        server.sql("INSERT INTO d.t VALUES (1, 1, 2, 3, 4, 'a')")
    with pytest.raises(MySQLError, match="include all key columns, missing: id"):
        server.sql("INSERT INTO d.t (c1) VALUES (1)")
    server.sql("INSERT INTO d.t (id, note) SELECT id, concat('n', id) FROM d.t")
    server.sql("SET enable_unique_key_partial_update = false")
    assert server.sql("SELECT * FROM d.t ORDER BY id") == [(1, 1, 2, 33, 4, "n1"), (2, -1, -2, 44, -4, "n2")]
    server.sql("INSERT INTO d.t (id, c2) VALUES (1, 5)")
    assert server.sql("SELECT * FROM d.t WHERE id = 1") == [(1, -1, -2, 5, -4, None)]


def test_what_is_refused(make_server):
    server = make_server()
    make_table(server)
    server.sql("CREATE TABLE d.strict (id INT, a INT NOT NULL, b INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("CREATE TABLE d.log (id INT, a INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("INSERT INTO d.strict VALUES (1, 1, 1)")

    def load(table, body, columns, **headers):
        answer = server.stream_load("d", table, body, columns=columns, column_separator=",", partial_columns="true", **headers)
        return answer["Status"], answer["Message"]

    assert load("strict", "1,7\n", "id,b")[0] == "Success"
    status, message = load("strict", "1,8\n2,8\n", "id,b")
    assert status == "Fail" and "the unmentioned column `a` should have default value" in message
    status, message = load("t", "5,8\n", "id,c1", partial_update_new_key_behavior="ERROR")
    assert status == "Fail" and message.endswith(
        "[E-7003]Can't append new rows in partial update when partial_update_new_key_behavior is ERROR. Row with key=[5] is not in table.")
    assert "Only unique key merge on write" in load("log", "5,8\n", "id,a")[1]
    assert "Partial update should include all key columns, missing: id" in load("t", "5,8\n", "c1,c2")[1]
    assert server.sql("SELECT * FROM d.strict") == [(1, 1, 7)]
    assert server.value("SELECT count(*) FROM d.t") == 0


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("is_flexible", [False, True])
def test_strict_mode_rejects_rows_of_new_keys(make_server, is_large, is_flexible):
    server = make_server({"storage.small_commit_bytes": "1KiB"} if is_large else {})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (k VARCHAR(10), id INT, a INT, b INT) UNIQUE KEY(k, id) DISTRIBUTED BY HASH(id) BUCKETS 3 "
               'PROPERTIES ("enable_unique_key_skip_bitmap_column" = "true")')
    known = 1000 if is_large else 10
    server.load("d", "t", "".join(f"k,{i},{i},{i}\n" for i in range(known)), column_separator=",")
    total = known + known // 2
    expected = [("k", i, -i, i) for i in range(known)]
    if is_flexible:
        body = "".join(f'{{"k":"k","id":{i},"a":{-i}}}\n' for i in range(total)) + '{"k":"z","id":1,"__DORIS_DELETE_SIGN__":1}\n'
        headers = {"format": "json", "unique_key_update_mode": "UPDATE_FLEXIBLE_COLUMNS"}
    else:
        body = "".join(f"k,{i},{-i},0\n" for i in range(total)) + "z,1,0,1\n"
        headers = {"column_separator": ",", "columns": "k,id,a", "hidden_columns": "__DORIS_DELETE_SIGN__", "partial_columns": "true"}

    def load(**more):
        return server.stream_load("d", "t", body, **headers, **more)

    refused = load(strict_mode="true")
    assert refused["Status"] == "Fail" and refused["Message"] == "[DATA_QUALITY_ERROR]too many filtered rows", refused
    assert (refused["NumberFilteredRows"], refused["NumberLoadedRows"], refused["NumberTotalRows"]) == (known // 2, 0, total + 1)
    assert refused["FirstErrorMsg"] == f"the key [k, {known}] is not in the table, and strict mode takes no new keys in a partial update"
    first = load(strict_mode="true", max_filter_ratio="0.4", two_phase_commit="true")
    assert (first["NumberFilteredRows"], first["NumberLoadedRows"]) == (known // 2, known + 1), first
    server.http("PUT", "/api/d/_stream_load_2pc", headers={"label": first["Label"], "txn_operation": "commit"})
    assert server.sql("SELECT * FROM d.t ORDER BY id") == expected
    error = load(partial_update_new_key_behavior="ERROR", max_filter_ratio="1")
    assert error["Status"] == "Fail" and f"ERROR. Row with key=[k, {known}] is not in table." in error["Message"], error
    assert load(strict_mode="true", partial_update_new_key_behavior="APPEND")["Status"] == "Success"
    assert server.value("SELECT count(*) FROM d.t") == total


def test_rows_beyond_the_limit_are_refused(make_server):
    server = make_server({"storage.dependent_rows": "1000", "storage.small_commit_bytes": "1KiB"})
    make_table(server)
    server.sql("CREATE TABLE d.sums (id INT, n BIGINT SUM) AGGREGATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.load("d", "t", "".join(f"{i},1,1,1,1,x\n" for i in range(1500)), column_separator=",")
    answer = load_columns(server, ["id", "c1"], [(i, 2) for i in range(1001)])
    assert answer["Status"] == "Fail" and "a partial update takes 1000 rows at most, this load has 1001; split it" in answer["Message"], answer
    assert load_columns(server, ["id", "c1"], [(i, 2) for i in range(1000)])["Status"] == "Success"
    answer = server.stream_load("d", "sums", "".join(f"{i},1\n" for i in range(1001)), column_separator=",")
    assert answer["Status"] == "Fail" and "takes 1000 different keys at most, this one has 1001" in answer["Message"], answer
    with pytest.raises(MySQLError, match="a statement changes 1000 rows of d.t at most, this one would change 1500: run it in parts"):
        server.sql("UPDATE d.t SET c2 = 5 WHERE id >= 0")
    assert server.sql("SELECT sum(c1), sum(c2), count(*) FROM d.t") == [(2500, 1500, 1500)]


def test_keys_and_columns_without_a_default_must_come(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (k1 INT, k2 INT, must INT NOT NULL, v INT) UNIQUE KEY(k1, k2) DISTRIBUTED BY HASH(k1) BUCKETS 1")
    answer = load_columns(server, ["k1", "v"], [(1, 2)])
    assert answer["Status"] == "Fail" and "Partial update should include all key columns, missing: k2" in answer["Message"], answer
    answer = load_columns(server, ["k1", "k2", "v"], [(1, 2, 3)])
    assert answer["Status"] == "Fail" and "the unmentioned column `must` should have default value or be nullable" in answer["Message"], answer
    server.sql("INSERT INTO d.t VALUES (1, 2, 5, NULL)")
    assert load_columns(server, ["k1", "k2", "v"], [(1, 2, 3)])["Status"] == "Success"
    assert server.sql("SELECT * FROM d.t") == [(1, 2, 5, 3)]


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("properties", ["", 'PROPERTIES ("function_column.sequence_type" = "bigint")'])
def test_rows_of_a_partial_update_may_be_deletes(make_server, is_large, properties):
    server = make_server({"storage.small_commit_bytes": "1KiB"} if is_large else {})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT, a INT, b INT NOT NULL) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 " + properties)
    keys, sequence = range(1, 1001 if is_large else 11), "function_column.sequence_col"
    headers = {"column_separator": ",", **({sequence: "s"} if properties else {})}
    server.load("d", "t", "".join(f"{i},{i},{i},1\n" for i in keys), columns="id,a,b,s", **headers)
    headers.pop(sequence, None)
    # The last row deletes a key that is not there, and needs no value for `b`.
    body = "".join(f"{i},{-i},{int(i % 3 == 0)}\n" for i in keys) + "5000,0,1\n"
    server.load("d", "t", body, columns="id,a", hidden_columns="__DORIS_DELETE_SIGN__", partial_columns="true", **headers)
    expected = [(i, -i, i) for i in keys if i % 3 != 0]
    assert server.sql("SELECT * FROM d.t ORDER BY id") == expected
    waits = server.load("d", "t", "1,7,0\n2,7,1\n", columns="id,a,gone", merge_type="MERGE", delete="gone = 1", partial_columns="true",
                        two_phase_commit="true", **headers)
    server.kill()
    server.start()
    assert server.sql("SELECT * FROM d.t ORDER BY id") == expected
    server.http("PUT", "/api/d/_stream_load_2pc", headers={"label": waits["Label"], "txn_operation": "commit"})
    expected = [(1, 7, 1)] + [row for row in expected if row[0] > 2]
    assert server.sql("SELECT * FROM d.t ORDER BY id") == expected
    server.sql("ALTER TABLE d.t COMPACT")
    assert server.sql("SELECT * FROM d.t ORDER BY id") == expected and server.value("SELECT count(*) FROM d.t") == len(expected)


def test_concurrent_updates_of_the_same_rows_lose_nothing(make_server, rng):
    """Each client owns a column and updates it in rows that all share, in small and large loads, with flushes, compactions
    and kills between."""
    server = make_server({"storage.memtable_bytes": "1MiB", "ingest.max_row_bytes": "64KiB", "storage.small_commit_bytes": "64KiB",
                          "storage.delta_flush_rows": 2000, "storage.delta_flush_seconds": 1, "compaction.trigger_segments": 3})
    make_table(server)

    def update(client, round_, step, keys, value):
        # A large load brings keys of its own beside the shared ones, enough for segment files.
        extra = 12_000 if step == 12 and client == round_ % COLUMNS else 0
        rows = [(key, value) for key in keys] + [(1_000_000 + key, value) for key in range(extra)]
        return load_columns(server, ["id", f"c{client}"], rows)

    ColumnOwners(server, rng, COLUMNS, keys=400).run(rounds=3, steps=25, sizes=[1, 5, 100], update=update)
    # Rows that only large loads brought have the defaults elsewhere, or what other clients' large loads brought.
    assert server.value("SELECT count(*) FROM d.t WHERE id >= 1000000") == 12_000
    assert server.value("SELECT count(*) FROM d.t WHERE id >= 1000000 AND (note IS NOT NULL OR c3 <> -4)") == 0
