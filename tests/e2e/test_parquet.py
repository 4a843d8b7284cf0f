"""Stream Loads of Parquet files; DuckDB writes them."""
import os
import pathlib

import duckdb
import pytest


@pytest.fixture
def parquet(tmp_path):
    """The bytes of a Parquet file with the rows of a query in DuckDB's dialect."""
    def write(query, options=""):
        path = tmp_path / "rows.parquet"
        duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet{options})")
        return path.read_bytes()

    return write


@pytest.fixture
def orders(server, database):
    server.sql(f"CREATE TABLE {database}.orders (id BIGINT NOT NULL, amount DECIMAL(10,2), status VARCHAR(8), changed DATETIME(3), "
               "doc JSON, flag BOOLEAN DEFAULT '1') UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    return lambda body, **headers: server.stream_load(database, "orders", body, format="parquet", **headers)


def rows(server, database, columns="id, amount, status"):
    return [tuple(None if cell is None else str(cell) for cell in row)
            for row in server.sql(f"SELECT {columns} FROM {database}.orders ORDER BY id")]


def test_columns_are_found_by_name(server, database, orders, parquet):
    body = parquet("SELECT 'new' AS \"Status\", 2.5::DOUBLE AS amount, 99 AS unknown, 1::SMALLINT AS id, "
                   "TIMESTAMPTZ '2026-01-02 03:04:05.678+02' AS changed, {'a': [1, 2]} AS doc")
    answer = orders(body)
    assert answer["Status"] == "Success", answer
    assert (answer["NumberLoadedRows"], answer["LoadBytes"]) == (1, len(body))
    assert rows(server, database, "id, amount, status, changed, doc, flag") == [
        ("1", "2.50", "new", "2026-01-02 01:04:05.678000", '{"a":[1,2]}', "1")]


def test_later_rows_of_a_key_win_in_large_files(server, database, orders, parquet):
    body = parquet("SELECT i % 50000 AS id, i::DECIMAL(10,2) AS amount, 'x' AS status FROM range(200000) t(i)", ", ROW_GROUP_SIZE 10000")
    assert orders(body)["NumberLoadedRows"] == 200000
    assert server.sql(f"SELECT count(*), min(amount), max(amount) FROM {database}.orders")[0] == (50000, 150000, 199999)


def test_expressions_conditions_and_deletes(server, database, orders, parquet):
    body = parquet("SELECT * FROM (VALUES (1, 4, 'a', 0), (2, 5, 'b', 0), (3, 6, 'c', 1)) t(id, cents, status, gone)")
    answer = orders(body, columns="id, cents, status, amount = cents / 2", where="id <> 2")
    assert (answer["NumberLoadedRows"], answer["NumberUnselectedRows"]) == (2, 1), answer
    assert rows(server, database) == [("1", "2.00", "a"), ("3", "3.00", "c")]
    answer = orders(body, merge_type="MERGE", delete="gone = 1", columns="id, status, gone")
    assert answer["Status"] == "Success", answer
    assert rows(server, database) == [("1", None, "a"), ("2", None, "b")]


def test_values_that_do_not_fit_follow_strict_mode(server, database, orders, parquet):
    body = parquet("SELECT * FROM (VALUES (1, 'x', 'ok'), (2, '7', 'ok'), (3, '8', 'toolongforit'), (NULL, '9', 'ok')) t(id, amount, status)")
    answer = orders(body, max_filter_ratio="0.5")
    assert (answer["NumberLoadedRows"], answer["NumberFilteredRows"]) == (2, 2), answer
    path = answer["ErrorURL"].split("://", 1)[1].split("/", 1)[1]
    log = server.http("GET", "/" + path)[2].decode()
    assert "3\t8\ttoolongforit" in log and "null value for not null column" in log, log
    assert rows(server, database) == [("1", None, "ok"), ("2", "7.00", "ok")]
    answer = orders(body, max_filter_ratio="0.8", strict_mode="true")
    assert (answer["NumberLoadedRows"], answer["NumberFilteredRows"]) == (1, 3), answer


def test_what_is_no_parquet_file_is_refused(server, database, orders, parquet):
    good = parquet("SELECT 1 AS id, 'x' AS status")
    for body in (b"1,2,3\n", good[:-8], good[:100], b"PAR1" + b"\0" * 100 + b"PAR1"):
        answer = orders(body)
        assert answer["Status"] == "Fail" and "the body cannot be read as Parquet" in answer["Message"], answer
        assert str(server.data_dir) not in answer["Message"]
    answer = orders(parquet("SELECT 1 AS a, 2 AS b"))
    assert "its columns are: a, b" in answer["Message"], answer
    answer = orders(parquet("SELECT 1 AS id, [1] AS amount"))
    assert "column 'amount' of the body is a INTEGER[]" in answer["Message"], answer
    assert rows(server, database) == []
    assert orders(good)["Status"] == "Success"


def test_orc_is_refused_with_a_reason(server, database, orders):
    answer = server.stream_load(database, "orders", b"ORC", format="orc")
    assert answer["Status"] == "Fail" and "ORC files are not read; send the rows as parquet" in answer["Message"], answer


def test_bodies_are_bounded_and_leave_nothing(make_server, parquet):
    server = make_server({"ingest.max_spooled_bytes": "100KiB"})
    server.sql("CREATE DATABASE shop")
    server.sql("CREATE TABLE shop.t (id BIGINT NOT NULL, v VARCHAR(64)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id)")
    bodies = pathlib.Path(server.data_dir) / "temporary" / "bodies"
    large = parquet("SELECT i AS id, md5(i::VARCHAR) AS v FROM range(20000) t(i)")
    answer = server.stream_load("shop", "t", large, format="parquet")
    assert "ingest.max_spooled_bytes" in answer["Message"], answer
    small = parquet("SELECT i AS id, 'x' AS v FROM range(2000) t(i)")
    assert server.load("shop", "t", small, format="parquet")["NumberLoadedRows"] == 2000
    assert os.listdir(bodies) == []
    (bodies / "body-left").write_bytes(b"x")
    server.restart()
    assert os.listdir(bodies) == []
    assert server.value("SELECT count(*) FROM shop.t") == 2000


def test_sql_users_reach_no_file(server, database, parquet, tmp_path):
    parquet("SELECT 1 AS a")
    for statement in (f"SELECT * FROM read_parquet('{tmp_path}/rows.parquet')", f"SELECT * FROM '{tmp_path}/rows.parquet'",
                      f"SELECT * FROM parquet_scan('{server.data_dir}/temporary/bodies/x')"):
        with pytest.raises(Exception):
            server.sql(statement)


def test_messages_of_a_stream_are_no_files(server, database, orders):
    with pytest.raises(Exception, match="a message of a stream is csv or json"):
        server.sql(f"CREATE ROUTINE LOAD {database}.j ON orders PROPERTIES ('format' = 'parquet') "
                   "FROM KAFKA ('kafka_broker_list' = '127.0.0.1:1', 'kafka_topic' = 't')")
