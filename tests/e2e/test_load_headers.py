"""Each header of Stream Load, sent by curl: what it does, what is loaded without it, and what is said of a bad value."""
import gzip
import json
import socket
import subprocess
import time

import pytest

# The rows of t, or of the table that the case names, after the load; or a part of the message of a load that fails. A case:
# headers, body, outcome.
CSV = "1,1,x\n2,2,y\n"
BOTH = [(1, 1, "x"), (2, 2, "y")]
ROOT = {"format": "json", "json_root": "$.d"}
ARRAY = {"format": "json", "strip_outer_array": "true"}
SEQUENCE = "function_column.sequence_col"
CASES = {
    "no header": [({"column_separator": ""}, "1\t1\tx\n2\t2\ty\n", BOTH), ({"column_separator": "", "format": ""}, "1\t1\t\\N\n", [(1, 1, None)])],
    "label": [({"label": "a-B_9:c"}, CSV, BOTH), ({"label": "a b"}, CSV, "label must match ^[-_A-Za-z0-9:.]{1,128}$"),
              ({"label": "l" * 129}, CSV, "label must match"), ({"label": ""}, CSV, BOTH)],
    "format": [({"format": "CSV"}, CSV, BOTH), ({"format": "csv_gz"}, gzip.compress(CSV.encode()), BOTH),
               ({"format": "Csv_With_Names"}, "these,are,skipped\n" + CSV, BOTH),
               ({"format": "csv_with_names", "skip_lines": "1"}, "id,a,b\n" + CSV, BOTH),
               ({"format": "csv_with_names_and_types", "skip_lines": "1"}, "id,a,b\nbigint,int,varchar\n" + CSV, BOTH),
               ({"format": "JSON"}, '{"id":1}\n', [(1, None, None)]), ({"format": "json"}, '{"id":1.0E0,"a":1.2345678E7}\n', [(1, 12345678, None)]), ({"format": "orc"}, CSV, "ORC files are not read"),
               ({"format": "hive_text"}, CSV, "format: 'hive_text' is not offered"), ({"format": "parquet"}, CSV, "arquet"),
               ({"format": "arrow"}, CSV, "rrow")],
    "column_separator": [({"column_separator": "\\x01"}, "1\x011\x01x\n", BOTH[:1]), ({"column_separator": "||"}, "1||1||x\n", BOTH[:1]),
                         ({"column_separator": "\\t"}, "1\t1\tx\n", BOTH[:1]), ({"column_separator": "\\x0"}, CSV, "two hex digits"),
                         ({"column_separator": "\\x0102"}, "1\x01\x021\x01\x02x\n", BOTH[:1]), ({"column_separator": "\\x7C\\x7c"}, "1||1||x\n", BOTH[:1]),
                         ({"column_separator": "\\x012"}, CSV, "two hex digits")],
    "line_delimiter": [({"line_delimiter": ";"}, "1,1,x;2,2,y", BOTH), ({"line_delimiter": "\\r\\n"}, "1,1,x\r\n", BOTH[:1]),
                       ({}, "1,1,x\r\n", BOTH[:1]), ({"line_delimiter": ","}, CSV, "must differ")],
    "enclose": [({"enclose": "'"}, "1,1,'a,\n'\n", [(1, 1, "a,\n")]), ({}, "1,1,'a'\n", [(1, 1, "'a'")]),
                ({"enclose": "''"}, CSV, "enclose must be single-char, actually is ''")],
    "escape": [({"enclose": '"', "escape": '"'}, '1,1,"x"\n2,2,"y"\n', BOTH), ({"enclose": "'", "escape": "\\"}, "1,1,'a\\''\n", [(1, 1, "a'")]), ({"escape": "\\"}, "1,1,a\\b\n", [(1, 1, "a\\b")]),
               ({"escape": "xy"}, CSV, "escape must be single-char, actually is xy")],
    "trim_double_quotes": [({"trim_double_quotes": "true"}, '"1",1,"x"\n', BOTH[:1]), ({}, '1,1,"x"\n', [(1, 1, '"x"')]),
                           ({"trim_double_quotes": "1"}, CSV, "must be true or false")],
    "skip_lines": [({"skip_lines": "1"}, "id,a,b\n" + CSV, BOTH), ({"skip_lines": "9"}, CSV, []), ({"skip_lines": "-1"}, CSV, "skip_lines must be a whole number")],
    "empty_field_as_null": [({"empty_field_as_null": "true"}, "1,,\n", [(1, None, None)]), ({}, "1,1,\n", [(1, 1, "")]),
                            ({"empty_field_as_null": "yes"}, CSV, "must be true or false")],
    "columns": [({"columns": "b,`id`"}, "x,1\n", [(1, None, "x")]), ({"columns": "id,tmp,b,a=tmp*2"}, CSV, [(1, 2, "x"), (2, 4, "y")]),
                ({"columns": "id,other,B"}, CSV, [(1, None, "x"), (2, None, "y")]), ({"columns": "a,b"}, "1,x\n", "key column 'id'"),
                ({"columns": "id,id"}, CSV, "named twice"), ({"columns": "id,a,b,c=a"}, CSV, "fills no column of the table"),
                ({"columns": "id,a=nope(id)"}, CSV, "nope")],
    "where": [({"where": "a = 2"}, CSV, BOTH[1:]), ({"where": "a > 1"}, "1,\\N,x\n2,2,y\n", BOTH[1:]), ({"where": "c = 1"}, CSV, "Unknown column 'c'")],
    "max_filter_ratio": [({"max_filter_ratio": "0.5"}, "1,1,x\nz,1,x\n", BOTH[:1]), ({"max_filter_ratio": "0.49"}, "1,1,x\nz,1,x\n", "[DATA_QUALITY_ERROR]too many filtered rows"),
                         ({}, "1,1,x\nz,1,x\n", "too many filtered rows"), ({"max_filter_ratio": "2"}, CSV, "from 0 to 1"),
                         ({"max_filter_ratio": "0.5", "where": "id < 3"}, "1,1,x\n3,1,x\n4,1,x\nz,1,x\n", BOTH[:1])],
    "partitions": [({"table": "p", "partitions": "p1", "max_filter_ratio": "1"}, "1,1\n11,1\n", [(1, 1)]), ({"table": "p", "partitions": "p1"}, "11,1\n", "too many filtered rows"),
                   ({"table": "p", "partitions": "`p1` , p2"}, "1,1\n11,1\n", [(1, 1), (11, 1)]), ({"table": "p", "partitions": "p9"}, "1,1\n", "unknown partition p9"),
                   ({"partitions": "a", "temporary_partitions": "b"}, CSV, "Can not specify both partitions and temporary partitions")],
    "temporary_partitions": [({"temporary_partitions": "p"}, CSV, "temporary_partitions: not offered")],
    "strict_mode": [({"strict_mode": "true", "max_filter_ratio": "0.5"}, "1,z,x\n2,2,y\n", BOTH[1:]), ({}, "1,z,x\n", [(1, None, "x")]),
                    ({"strict_mode": "true"}, "1,\\N,x\n", [(1, None, "x")]), ({"strict_mode": "1"}, CSV, "Invalid strict mode format. Must be bool type")],
    "timezone": [({"timezone": "Asia/Shanghai"}, CSV, BOTH), ({"time_zone": "+08:00", "columns": "id,x,b,a=x+0"}, CSV, BOTH),
                 ({"timezone": "UTC", "where": "now() > '2020-01-01'"}, CSV, BOTH), ({"timezone": "CST", "where": "now() > '2020-01-01'"}, CSV, "evaluated in UTC"),
                 ({"timezone": "CST", "columns": "id,now,b,a=now+0"}, CSV, BOTH), ({"timezone": "CST", "columns": "id,x,b,a=unix_timestamp(x)"}, CSV, "'CST' is not offered with unix_timestamp"),
                 ({"timezone": "x y"}, CSV, "is no time zone")],
    "timeout": [({"timeout": "5"}, CSV, BOTH), ({"timeout": "0"}, CSV, "timeout must be a whole number from 1"), ({"timeout": "soon"}, CSV, "timeout must be")],
    "exec_mem_limit": [({"exec_mem_limit": "2147483648"}, CSV, BOTH), ({"exec_mem_limit": "2GB"}, CSV, "exec_mem_limit must be a whole number")],
    "merge_type": [({"merge_type": "APPEND"}, CSV, BOTH), ({"merge_type": "DELETE", "before": CSV, "columns": "id"}, "1\n", BOTH[1:]),
                   ({"merge_type": "MERGE"}, CSV, "Excepted DELETE ON clause when merge type is MERGE."), ({"merge_type": "UPSERT"}, CSV, "APPEND, DELETE or MERGE"),
                   ({"table": "r", "merge_type": "DELETE"}, "1,1\n", "load by MERGE or DELETE is only supported in unique tables.")],
    "delete": [({"merge_type": "merge", "delete": "a = 9", "before": CSV}, "1,9,x\n3,3,z\n", [(2, 2, "y"), (3, 3, "z")]),
               ({"delete": "a = 9"}, CSV, "Not support DELETE ON clause when merge type is not MERGE."), ({"merge_type": "MERGE", "delete": "c = 9"}, CSV, "Unknown column 'c'")],
    SEQUENCE: [({"table": "s", "columns": "id,a,n", SEQUENCE: "n"}, "1,1,9\n1,2,8\n", [(1, 1)]), ({"table": "s"}, "1,1\n", "Table s has sequence column, need to specify the sequence column"),
               ({"table": "s", SEQUENCE: "n"}, "1,1\n", "'n' is not among the columns"), ({SEQUENCE: "a"}, CSV, "There is no sequence column in the table")],
    "hidden_columns": [({"hidden_columns": "__DORIS_DELETE_SIGN__", "before": CSV}, "1,1,x,1\n3,3,z,0\n", [(2, 2, "y"), (3, 3, "z")]),
                       ({"table": "s", "hidden_columns": "__DORIS_DELETE_SIGN__,__DORIS_SEQUENCE_COL__"}, "1,1,0,5\n1,2,0,4\n1,3,1,3\n", [(1, 1)]),
                       ({"hidden_columns": "__DORIS_DELETE_SIGN__", "merge_type": "DELETE"}, CSV, "hidden_columns cannot be set beside it"), ({"hidden_columns": "c"}, CSV, "hidden_columns: 'c'")],
    "jsonpaths": [({"format": "json", "jsonpaths": '["$.k","$.v[1]"]', "columns": "id,a"}, '{"k":1,"v":[0,5]}\n', [(1, 5, None)]),
                  ({"format": "json", "jsonpaths": "$.k"}, "{}", "jsonpaths must be a JSON array")],
    "json_root": [({**ROOT, "strip_outer_array": "true"}, '{"d":[{"id":1},{"id":2}]}', [(1, None, None), (2, None, None)]),
                  (ROOT, '{"d":{"id":1}}', [(1, None, None)]), ({**ROOT}, '{"e":1}', "too many filtered rows"), ({"format": "json", "json_root": "d"}, "{}", "is not a JSON path")],
    "strip_outer_array": [(ARRAY, '[{"id":1},\n{"id":2}]', [(1, None, None), (2, None, None)]), ({"format": "json"}, '[{"id":1}]', "too many filtered rows"),
                          ({"format": "json", "strip_outer_array": "x"}, "{}", "must be true or false"), (ARRAY, '{"id":1}', "no JSON array")],
    "read_json_by_line": [({"format": "json"}, '{"id":1}\n{"id":2}', [(1, None, None), (2, None, None)]),
                          ({"format": "json", "read_json_by_line": "true"}, '{"id":1,\n"a":1}', "too many filtered rows"),
                          ({"format": "json", "read_json_by_line": "false"}, '{\n "id": 1,\n "a": 1\n}\n', [(1, 1, None)]),
                          ({"format": "json", "strip_outer_array": "false"}, '{"id":1}\n{"id":\n2}', [(1, None, None), (2, None, None)]),
                          ({"format": "json", "read_json_by_line": "y"}, "{}", "must be true or false")],
    "num_as_string": [({"format": "json", "num_as_string": "true"}, '{"id":1,"b":1.0e2}', [(1, None, "1.0e2")]), ({"num_as_string": "2"}, CSV, "must be true or false")],
    "fuzzy_parse": [({**ARRAY, "fuzzy_parse": "true"}, '[{"id":1,"a":1},{"id":2,"a":2}]', [(1, 1, None), (2, 2, None)]), ({"fuzzy_parse": "2"}, CSV, "must be true or false")],
    "compress_type": [({"compress_type": "GZ"}, gzip.compress(CSV.encode()), BOTH), ({"compress_type": "gz", "format": "json"}, gzip.compress(b'{"id":1}'), [(1, None, None)]),
                      ({"Content-Encoding": "gzip"}, CSV, BOTH), ({"compress_type": "gz"}, CSV, "gz data of the body is damaged"),
                      *(({"compress_type": name}, CSV, f"compress_type: {name} is not offered") for name in ("LZO", "LZOP", "LZ4_BLOCK", "SNAPPYBLOCK"))],
    "send_batch_parallelism": [({"send_batch_parallelism": "4"}, CSV, BOTH), ({"send_batch_parallelism": "0"}, CSV, "send_batch_parallelism must be a whole number")],
    "load_to_single_tablet": [({"table": "r", "load_to_single_tablet": "true"}, "1,1\n", [(1, 1)]), ({"load_to_single_tablet": "false"}, CSV, BOTH),
                              ({"load_to_single_tablet": "true"}, CSV, "if load_to_single_tablet set to true, the olap table must be with random distribution")],
    "partial_columns": [({"partial_columns": "true", "columns": "id,b", "before": CSV}, "1,z\n3,w\n", [(1, 1, "z"), (2, 2, "y"), (3, None, "w")]),
                        ({"columns": "id,b", "before": CSV}, "1,z\n", [(1, None, "z"), (2, 2, "y")]), ({"partial_columns": "true", "columns": "a,b"}, "1,z\n", "Partial update should include all key columns, missing: id"),
                        ({"table": "r", "partial_columns": "true"}, "1,1\n", "Only unique key merge on write support partial update"), ({"partial_columns": "2"}, CSV, "must be true or false")],
    "unique_key_update_mode": [({"unique_key_update_mode": "update_fixed_columns", "columns": "id,b", "before": CSV}, "1,z\n", [(1, 1, "z"), (2, 2, "y")]),
                               ({"unique_key_update_mode": "UPSERT", "partial_columns": "true", "columns": "id,b", "before": CSV}, "1,z\n", [(1, None, "z"), (2, 2, "y")]),
                               ({"unique_key_update_mode": "x"}, CSV, "[INVALID_ARGUMENT]Invalid unique_key_partial_mode x, must be one of 'UPSERT', 'UPDATE_FIXED_COLUMNS' or 'UPDATE_FLEXIBLE_COLUMNS'"),
                               ({"unique_key_update_mode": "UPDATE_FLEXIBLE_COLUMNS"}, CSV, "flexible partial update only support json format as input file currently"),
                               ({"unique_key_update_mode": "UPDATE_FLEXIBLE_COLUMNS", "format": "json"}, '{"id":1}', "Flexible partial update can only support table with skip bitmap hidden column."),
                               *(({"unique_key_update_mode": "UPDATE_FLEXIBLE_COLUMNS", "format": "json", name: "x"}, "{}", f"Don't support flexible partial update when '{name}' is specified")
                                 for name in ("columns", "hidden_columns", SEQUENCE, "where")),
                               ({"unique_key_update_mode": "UPDATE_FLEXIBLE_COLUMNS", **ARRAY, "fuzzy_parse": "true"}, "[]", "when 'fuzzy_parse' is enabled")],
    "partial_update_new_key_behavior": [({"partial_columns": "true", "columns": "id,b", "partial_update_new_key_behavior": "error", "before": CSV}, "3,z\n", "Row with key=[3] is not in table."),
                                        ({"partial_columns": "true", "columns": "id,b", "partial_update_new_key_behavior": "APPEND"}, "3,z\n", [(3, None, "z")]),
                                        ({"partial_update_new_key_behavior": "ERROR"}, CSV, BOTH), ({"partial_update_new_key_behavior": "x"}, CSV, "must be one of ['APPEND', 'ERROR']")],
    "two_phase_commit": [({"two_phase_commit": "true"}, CSV, []), ({"two_phase_commit": "false"}, CSV, BOTH), ({"two_phase_commit": "x"}, CSV, "must be true or false")],
    "group_commit": [({"group_commit": "sync_mode"}, CSV, BOTH), ({"group_commit": "ASYNC_MODE"}, CSV, BOTH), ({"group_commit": "off_mode", "label": "off"}, CSV, BOTH),
                     ({"group_commit": "true"}, CSV, "group_commit can only be [async_mode, sync_mode, off_mode]"),
                     ({"group_commit": "sync_mode", "label": "of_chunks"}, CSV, BOTH), ({"group_commit": "sync_mode", "label": "of_chunks"}, CSV, BOTH)],
    "what steers a cluster": [({"memtable_on_sink_node": "true", "load_stream_per_node": "20", "cloud_cluster": "c", "compute_group": "g", "auth_code": "1", "wal_id": "2",
                                "enable_profile": "true", "skip_record_to_audit_log_table": "true", "no_such_header": "x"}, CSV, BOTH),
                              ({"memtable_on_sink_node": "2"}, CSV, "must be true or false"), ({"load_stream_per_node": "x"}, CSV, "must be a whole number")],
    "negative": [({"negative": "false"}, CSV, BOTH), ({"negative": "true"}, CSV, "negative loads are not offered")],
    "sql": [({"sql": "INSERT INTO t"}, CSV, "sql: not offered")],
}
TABLES = {
    "t": "(id BIGINT NOT NULL, a INT, b VARCHAR(10)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1",
    "s": '(id BIGINT NOT NULL, a INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("function_column.sequence_type" = "bigint")',
    "r": "(id BIGINT NOT NULL, a INT) DUPLICATE KEY(id) DISTRIBUTED BY RANDOM BUCKETS 1",
    "p": '(id BIGINT NOT NULL, a INT) UNIQUE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("10"), PARTITION p2 VALUES LESS THAN ("20")) '
         "DISTRIBUTED BY HASH(id) BUCKETS 1",
}


def curl(server, path, body, headers):
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}" if value else f"{name};")]
    done = subprocess.run(["curl", "-sS", "--location-trusted", "-u", "root:", "-H", "Expect: 100-continue", *sent, "-T", "-",
                           f"http://127.0.0.1:{server.http_port}{path}"], input=body.encode() if isinstance(body, str) else body,
                          capture_output=True, timeout=60, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("header", CASES)
def test_header(server, database, header):
    for name, definition in TABLES.items():
        server.sql(f"CREATE TABLE {database}.{name} {definition}")
    for number, (headers, body, outcome) in enumerate(CASES[header]):
        headers = {"column_separator": ",", **headers}
        table, before = headers.pop("table", "t"), headers.pop("before", "")
        server.sql(f"TRUNCATE TABLE {database}.{table}")
        if before:
            server.load(database, table, before, column_separator=",")
        answer = curl(server, f"/api/{database}/{table}/_stream_load", body, headers)
        case = f"case {number} of {header}: {answer}"
        if isinstance(outcome, str):
            assert answer["Status"] == "Fail" and outcome in answer["Message"] and answer["NumberLoadedRows"] == 0, case
        else:
            assert answer["Status"] == "Success" and answer["Message"] == "OK", case
            assert sorted(server.sql(f"SELECT * FROM {database}.{table}")) == outcome, case


def test_comment_comes_back(server, database):
    server.sql(f"CREATE TABLE {database}.t {TABLES['t']}")
    for body, status in ((CSV, "Success"), ("z,1,x\n", "Fail")):
        answer = curl(server, f"/api/{database}/t/_stream_load", body, {"comment": "any text; 'of all' kinds", "column_separator": ","})
        assert (answer["Status"], answer["Comment"]) == (status, "any text; 'of all' kinds")


def test_timeout_ends_a_load(server, database):
    server.sql(f"CREATE TABLE {database}.t {TABLES['t']}")
    head = (f"PUT /api/{database}/t/_stream_load HTTP/1.1\r\nHost: x\r\nAuthorization: Basic cm9vdDo=\r\ncolumn_separator: ,\r\n"
            "timeout: 1\r\nlabel: slow\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n1,1,x\n\r\n")
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=30) as client:
        client.sendall(head.encode())
        answer = client.recv(65536)
    assert b"the load took longer than its timeout of 1 s" in answer and 0.9 < time.monotonic() - began < 20
    assert server.value(f"SELECT count(*) FROM {database}.t") == 0
    assert b"ABORTED" in server.http("GET", f"/api/{database}/get_load_state?label=slow")[2]


def test_ids_and_operation_of_the_second_phase(server, database):
    server.sql(f"CREATE TABLE {database}.t {TABLES['t']}")
    first = curl(server, f"/api/{database}/t/_stream_load", CSV, {"column_separator": ",", "two_phase_commit": "true", "label": "p"})
    path = f"/api/{database}/_stream_load_2pc"
    assert curl(server, path, "", {"txn_operation": "commit"})["msg"] == "No transaction id or label selected."
    assert curl(server, path, "", {"txn_id": first["TxnId"]})["msg"] == "No transaction operation selected."
    assert curl(server, path, "", {"txn_id": first["TxnId"], "txn_operation": "commit"}) == {
        "status": "Success", "msg": f"transaction [{first['TxnId']}] commit successfully."}
    assert server.value(f"SELECT count(*) FROM {database}.t") == 2


def test_copy_is_refused_by_its_name(server):
    for method, path in (("PUT", "/copy/upload"), ("POST", "/copy/query")):
        status, _, answer = server.http(method, path, b"{}")
        assert status == 501 and b"COPY INTO" in answer and b"Stream Load" in answer
        assert server.http(method, path, b"{}", user="nobody")[0] == 401
