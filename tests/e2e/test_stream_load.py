"""Stream Load as Doris's clients speak it, and the bad input a user would send."""
import json
import socket
import subprocess
import threading

import pytest

FIELDS = ["TxnId", "Label", "Comment", "TwoPhaseCommit", "Status", "Message", "NumberTotalRows", "NumberLoadedRows",
          "NumberFilteredRows", "NumberUnselectedRows", "LoadBytes", "LoadTimeMs", "BeginTxnTimeMs", "StreamLoadPutTimeMs",
          "ReadDataTimeMs", "WriteDataTimeMs", "ReceiveDataTimeMs", "CommitAndPublishTimeMs"]


@pytest.fixture
def orders(server, database):
    server.sql(f"CREATE TABLE {database}.orders (id BIGINT NOT NULL, amount DECIMAL(10,2), status VARCHAR(8)) "
               "UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    return lambda data, **headers: server.stream_load(database, "orders", data, **{"column_separator": ",", **headers})


def rows(server, database, table="orders"):
    return [tuple(str(cell) if cell is not None else None for cell in row)
            for row in server.sql(f"SELECT * FROM {database}.{table} ORDER BY 1")]


def test_answer_has_doris_fields_in_order(orders):
    answer = orders("1,1.5,new\n", label="fields", comment="a note")
    assert list(answer) == FIELDS
    assert answer["Status"] == "Success" and answer["Message"] == "OK" and answer["Comment"] == "a note"
    assert answer["TwoPhaseCommit"] == "false" and answer["NumberLoadedRows"] == 1 and answer["LoadBytes"] == 10


def test_later_rows_of_a_key_replace_earlier_ones(server, database, orders):
    orders("1,1,a\n2,2,b\n1,3,c\n")
    orders("2,9.999,d\n3,\\N,\n")
    assert rows(server, database) == [("1", "3.00", "c"), ("2", "10.00", "d"), ("3", None, "")]


def test_columns_separators_and_skipped_lines(server, database, orders):
    answer = orders("head;er\nx;7;5.5\r\ny;8;\\N\r\n", column_separator=";", columns="ignored,id,amount", skip_lines=1)
    assert answer["NumberLoadedRows"] == 2, answer
    orders("9|;|1|;|z@@", column_separator="|;|", line_delimiter="@@")
    orders("10\x011\x01q\n", column_separator="\\x01")
    assert rows(server, database) == [("10", "1.00", "q"), ("7", "5.50", None), ("8", None, None), ("9", "1.00", "z")] or \
        rows(server, database) == [("7", "5.50", None), ("8", None, None), ("9", "1.00", "z"), ("10", "1.00", "q")]


def test_json_lines_arrays_and_paths(server, database, orders):
    orders('{"id": 1, "amount": 1.25, "status": "a"}\n{"status": "b", "id": 2}\n', format="json", read_json_by_line="true")
    orders('[{"id": 3, "amount": "7"}, {"id": 4}]', format="json", strip_outer_array="true")
    orders('{"k": {"id": 5}, "v": [0, 8]}', format="json", jsonpaths='["$.k.id", "$.v[1]"]', columns="id,amount")
    assert rows(server, database) == [("1", "1.25", "a"), ("2", None, "b"), ("3", "7.00", None), ("4", None, None),
                                      ("5", "8.00", None)]


def test_deletes_by_merge_type_and_by_hidden_column(server, database, orders):
    orders("".join(f"{i},1,x\n" for i in range(6)))
    assert orders("1\n2\n", merge_type="DELETE", columns="id")["Status"] == "Success"
    orders("3,0,x,1\n4,5,y,0\n", hidden_columns="__DORIS_DELETE_SIGN__")
    assert rows(server, database) == [("0", "1.00", "x"), ("4", "5.00", "y"), ("5", "1.00", "x")]
    assert server.value(f"SELECT count(*) FROM {database}.orders") == 3


def test_rejected_rows_are_counted_and_readable(server, database, orders):
    body = "1,1,a\nonly-one-column\n2,1,a,too,many\n3,x,b\nnot-a-number,1,c\n4,1,far-too-long-for-eight\n"
    refused = orders(body)
    assert refused["Status"] == "Fail" and refused["Message"] == "[DATA_QUALITY_ERROR]too many filtered rows"
    assert refused["NumberLoadedRows"] == 0 and refused["NumberFilteredRows"] == 4 and refused["NumberTotalRows"] == 6
    assert rows(server, database) == []
    answer = orders(body, max_filter_ratio="0.9")
    assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == 2
    assert rows(server, database) == [("1", "1.00", "a"), ("3", None, "b")]
    path = answer["ErrorURL"].split("://", 1)[1].split("/", 1)[1]
    text = server.http("GET", "/" + path)[2].decode()
    assert text.count("Reason: ") == 4 and "src line [only-one-column]" in text, text
    assert orders("5,x,b\n", strict_mode="true")["NumberFilteredRows"] == 1
    assert server.http("GET", "/api/_load_error_log?file=../meta/CURRENT")[0] in (400, 404)


def test_label_loads_once_also_after_a_restart(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id INT NOT NULL) UNIQUE KEY(id)")
    first = server.load("d", "t", "1\n", label="once")
    for _ in range(2):
        again = server.stream_load("d", "t", "2\n", label="once")
        assert again["Status"] == "Label Already Exists" and again["ExistingJobStatus"] == "FINISHED"
        assert f"Label [once] has already been used, relate to txn [{first['TxnId']}]" in again["Message"]
        server.restart()
    assert server.sql("SELECT * FROM d.t") == [(1,)]
    assert server.stream_load("d", "t", "x,y\n", label="failed")["Status"] == "Fail"
    assert server.stream_load("d", "t", "3\n", label="failed")["Status"] == "Success", "a failed load frees its label"


def test_two_loads_with_one_label_at_once(server, database, orders):
    answers = []
    threads = [threading.Thread(target=lambda i=i: answers.append(orders(f"{i},1,x\n" * 2000, label="same"))) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer["Status"] for answer in answers) == ["Label Already Exists"] * 7 + ["Success"]
    assert len(rows(server, database)) == 1


def test_a_hundred_concurrent_small_loads(server, database, orders):
    failures = []

    def load(i):
        answer = orders("".join(f"{i * 10 + j},{i},x\n" for j in range(10)))
        if answer["Status"] != "Success":
            failures.append(answer)

    threads = [threading.Thread(target=load, args=(i,)) for i in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert server.value(f"SELECT count(*) FROM {database}.orders") == 1000
    assert server.value(f"SELECT count(DISTINCT id) FROM {database}.orders") == 1000


def test_broken_json_in_the_middle(server, database, orders):
    body = '{"id": 1}\n{"id": 2,\n{"id": 3}\n'
    assert orders(body, format="json", read_json_by_line="true")["Status"] == "Fail"
    answer = orders(body, format="json", read_json_by_line="true", max_filter_ratio="0.5")
    assert (answer["NumberLoadedRows"], answer["NumberFilteredRows"]) == (2, 1)
    broken = orders('[{"id": 5}, {"id": }, {"id": 6}]', format="json", strip_outer_array="true", max_filter_ratio="1")
    assert broken["Status"] == "Fail" and "at byte 12 " in broken["Message"], broken
    assert [row[0] for row in rows(server, database)] == ["1", "3"]


def test_a_body_that_is_cut_off_loads_nothing(server, database, orders):
    request = (f"PUT /api/{database}/orders/_stream_load HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic cm9vdDo=\r\n"
               "column_separator: ,\r\nlabel: cut\r\nContent-Length: 1000\r\n\r\n1,1,a\n2,2,b\n")
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=20) as connection:
        connection.sendall(request.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert b"receive body don't equal with body bytes" in answer
    assert rows(server, database) == []
    assert orders("1,1,a\n", label="cut")["Status"] == "Success", "the label of a load that was cut off is free"


def test_an_empty_body_is_a_load_of_no_rows(server, database, orders):
    answer = orders("", label="nothing")
    assert answer["Status"] == "Success" and answer["NumberTotalRows"] == 0
    assert orders("1,1,x\n", label="nothing")["Status"] == "Label Already Exists"


def test_unknown_names_and_wrong_headers(server, database, orders):
    assert "unknown table, tableName=nope" in server.stream_load(database, "nope", "1\n")["Message"]
    assert server.stream_load("nope", "orders", "1\n")["Status"] == "Fail"
    for headers in ({"max_filter_ratio": "2"}, {"format": "orc"}, {"compress_type": "gz"}, {"merge_type": "SOMETIMES"},
                    {"columns": "id,id"}, {"columns": "amount"}, {"unique_key_update_mode": "SOME_COLUMNS"}, {"label": "a b"}):
        answer = orders("1,1,x\n", **headers)
        assert answer["Status"] == "Fail", headers
    assert rows(server, database) == []


def test_wrong_credentials(server, database, orders):
    status, _, body = server.http("PUT", f"/api/{database}/orders/_stream_load", b"1,1,x\n", {"Expect": "100-continue"}, password="x")
    answer = json.loads(body)
    assert status == 200 and answer["Status"] == "Fail" and answer["Message"].startswith("[NOT_AUTHORIZED]")


def test_keys_of_one_byte_and_of_sixty_kilobytes(server, database):
    server.sql(f"CREATE TABLE {database}.k (k VARCHAR(65533) NOT NULL, v INT) UNIQUE KEY(k)")
    assert server.load(database, "k", "a,1\n", column_separator=",")["NumberLoadedRows"] == 1
    answer = server.stream_load(database, "k", "b" * 60_000 + ",1\n", column_separator=",", max_filter_ratio="1")
    assert answer["NumberFilteredRows"] == 1 and "4096" in answer["FirstErrorMsg"], answer
    assert rows(server, database, "k") == [("a", "1")]


def test_curl_with_expect_and_chunks(server, database, orders, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"{i},{i},c\n" for i in range(200_000)))
    url = f"http://127.0.0.1:{server.http_port}/api/{database}/orders/_stream_load"
    for extra in (["-T", str(path)], ["-T", "-", "-H", "Transfer-Encoding: chunked"]):
        done = subprocess.run(["curl", "-sS", "--location-trusted", "-u", "root:", "-H", "Expect: 100-continue", "-H",
                               "column_separator: ,", *extra, url], stdin=path.open(), capture_output=True, text=True, timeout=60)
        assert json.loads(done.stdout)["NumberLoadedRows"] == 200_000, done
    assert server.value(f"SELECT count(*) FROM {database}.orders") == 200_000


def test_memory_does_not_grow_with_the_body(make_server):
    server = make_server({"storage.memtable_bytes": "16MiB"})
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v VARCHAR(100)) DUPLICATE KEY(id)")

    def body(pieces):
        piece = b"".join(b"%d,%s\n" % (i, b"x" * 80) for i in range(10_000))
        return (piece for _ in range(pieces))

    server.load("d", "t", body(100), column_separator=",")
    after_small = server.memory_bytes("VmHWM")
    server.load("d", "t", body(500), column_separator=",")
    assert server.memory_bytes("VmHWM") < after_small + (150 << 20)
