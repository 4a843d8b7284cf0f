"""Each property of CREATE ROUTINE LOAD and of FROM KAFKA, from a real Kafka broker: what it does, what SHOW tells of it, and what
holds without it; and the statements that control all jobs."""
import json
import time

import pymysql
import pytest

from support.routine_loads import create_job, job, metrics, wait_for

TABLE = "(id BIGINT NOT NULL, a INT, b VARCHAR(10)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1"
CSV = 'COLUMNS TERMINATED BY ","'
JSON = {"format": "json"}
# Clauses, properties, messages, the rows of the table after them.
CASES = {
    "columns": (CSV + ", COLUMNS(b, id, a = id + 1)", {}, ["x,1"], [(1, 2, "x")]),
    "column and line separators": ('COLUMNS TERMINATED BY "\\\\x01", LINES TERMINATED BY ";"', {}, ["1\x011\x01x;2\x012\x01y"], [(1, 1, "x"), (2, 2, "y")]),
    "no separator given": ("", {}, ["1\t1\tx"], [(1, 1, "x")]),
    "several lines of a message": (CSV, {}, ["1,1,x\n2,2,y"], [(1, 1, "x"), (2, 2, "y")]),
    "json": ("", JSON, ['{"id":1,"b":"x"}', '{\n"id":2}'], [(1, None, "x"), (2, None, None)]),
    "jsonpaths": ("COLUMNS(id, a)", {**JSON, "jsonpaths": '[\\"$.k\\",\\"$.v[0]\\"]'}, ['{"k":1,"v":[5]}'], [(1, 5, None)]),
    "json_root": ("", {**JSON, "json_root": "$.d"}, ['{"d":{"id":1}}'], [(1, None, None)]),
    "strip_outer_array": ("", {**JSON, "strip_outer_array": "true"}, ['[{"id":1},{"id":2}]'], [(1, None, None), (2, None, None)]),
    "strip_outer_array, json_root": ("", {**JSON, "strip_outer_array": "true", "json_root": "$.d"}, ['{"d":[{"id":1},{"id":2}]}'],
                                     [(1, None, None), (2, None, None)]),
    "num_as_string": ("", {**JSON, "num_as_string": "true"}, ['{"id":1,"b":1.0e2}'], [(1, None, "1.0e2")]),
    "fuzzy_parse": ("", {**JSON, "strip_outer_array": "true", "fuzzy_parse": "true"}, ['[{"id":1},{"id":2}]'], [(1, None, None), (2, None, None)]),
    "enclose, escape": (CSV, {"enclose": "'", "escape": "\\\\"}, ["1,1,'a,\\'b'"], [(1, 1, "a,'b")]),
    "trim_double_quotes": (CSV, {"trim_double_quotes": "true"}, ['"1","1","x"'], [(1, 1, "x")]),
    "empty_field_as_null": (CSV, {"empty_field_as_null": "true"}, ["1,,"], [(1, None, None)]),
    "strict_mode": (CSV, {"strict_mode": "true", "max_error_number": "1"}, ["1,z,x", "2,2,y"], [(2, 2, "y")]),
    "no strict_mode": (CSV, {}, ["1,z,x", "2,2,y"], [(1, None, "x"), (2, 2, "y")]),
    "partial_columns": (CSV + ", COLUMNS(id, b)", {"partial_columns": "true"}, ["9,z", "8,w"], [(8, None, "w"), (9, 9, "z")]),
    "unique_key_update_mode": (CSV + ", COLUMNS(id, b)", {"unique_key_update_mode": "UPDATE_FIXED_COLUMNS"}, ["9,z"], [(9, 9, "z")]),
    "strict_mode of partial updates": (CSV + ", COLUMNS(id, b)", {"partial_columns": "true", "strict_mode": "true", "max_error_number": "1"},
                                       ["8,w", "9,z"], [(9, 9, "z")]),
    "partial_update_new_key_behavior": (CSV + ", COLUMNS(id, b)", {"partial_columns": "true", "strict_mode": "true", "partial_update_new_key_behavior": "APPEND"},
                                        ["8,w", "9,z"], [(8, None, "w"), (9, 9, "z")]),
    "max_filter_ratio": (CSV, {"max_filter_ratio": "0.5", "max_error_number": "5"}, ["1,1,x\nz,1,x"], [(1, 1, "x")]),
    "what changes nothing": (CSV, {"desired_concurrent_number": "5", "exec_mem_limit": "2147483648", "send_batch_parallelism": "2", "workload_group": "normal",
                                   "timezone": "Asia/Shanghai", "max_batch_interval": "60", "max_batch_rows": "20000000", "max_batch_size": "1073741824"},
                             ["1,1,x"], [(1, 1, "x")]),
}


@pytest.fixture(scope="module")
def jobs_server(server):
    server.sql("CREATE DATABASE d")
    return server


def line(server, name):
    return dict(zip(("Id", "Name", "CreateTime", "PauseTime", "EndTime", "DbName", "TableName", "IsMultiTable", "State", "DataSourceType",
                     "CurrentTaskNum", "JobProperties", "DataSourceProperties", "CustomProperties", "Statistic", "Progress", "Lag",
                     "ReasonOfStateChanged", "ErrorLogUrls", "OtherMsg", "User", "Comment", "ComputeGroup"),
                    server.sql(f"SHOW ROUTINE LOAD FOR d.{name}")[0]))


def test_every_property(jobs_server, kafka):
    server = jobs_server
    expected = {}
    for number, (case, (clauses, properties, messages, rows)) in enumerate(CASES.items()):
        name = f"p{number}"
        server.sql(f"CREATE TABLE d.{name} {TABLE}")
        if "partial" in case or "update" in case:
            server.sql(f"INSERT INTO d.{name} VALUES (9, 9, 'nine')")
        kafka.create_topic(name)
        create_job(server, kafka, name, job=name, table=name, columns=clauses, **properties)
        kafka.produce(name, messages)
        expected[name] = (case, rows)
    for name, (case, rows) in expected.items():
        wait_for(lambda name=name, rows=rows: server.sql(f"SELECT * FROM d.{name} ORDER BY id") == rows,
                 lambda name=name, case=case: f"{case}: {server.sql(f'SELECT * FROM d.{name} ORDER BY id')}: {job(server, name)}", 30)
        wait_for(lambda name=name: set(job(server, name)["lag"].values()) == {"0"}, f"{case}: all is read")
        assert job(server, name)["state"] == "RUNNING", case
        shown = json.loads(line(server, name)["JobProperties"])
        for key, value in CASES[case][1].items():
            assert shown[key] == value.replace('\\"', '"').replace("\\\\", "\\"), (case, key)
    names = list(CASES)
    errors = {case: job(server, f"p{names.index(case)}")["statistic"]["errorRows"] for case in CASES}
    assert {case for case, count in errors.items() if count} == {"strict_mode", "strict_mode of partial updates", "max_filter_ratio"}
    for name in expected:
        server.sql(f"STOP ROUTINE LOAD FOR d.{name}")


def test_the_defaults(jobs_server, kafka):
    server = jobs_server
    server.sql(f"CREATE TABLE d.defaults {TABLE}")
    kafka.create_topic("defaults")
    kafka.produce("defaults", ["1\t1\told"])
    server.sql(f'CREATE ROUTINE LOAD d.defaults ON defaults FROM KAFKA ("kafka_broker_list" = "{kafka.address}", "kafka_topic" = "defaults") COMMENT "mine"')
    wait_for(lambda: job(server, "defaults")["lag"] == {"0": "0"}, "it begins at the end")
    kafka.produce("defaults", ["2\tz\tnew"])
    wait_for(lambda: server.sql("SELECT * FROM d.defaults") == [(2, None, "new")], "only what came since")
    shown = line(server, "defaults")
    properties = json.loads(shown["JobProperties"])
    assert {name: properties[name] for name in ("max_error_number", "strict_mode", "format", "partial_columns", "merge_type", "where" + "Expr", "delete",
                                                "unique_key_update_mode", "partial_update_new_key_behavior", "timezone")} == {
        "max_error_number": "0", "strict_mode": "false", "format": "csv", "partial_columns": "false", "merge_type": "APPEND", "whereExpr": "*", "delete": "*",
        "unique_key_update_mode": "UPSERT", "partial_update_new_key_behavior": "APPEND", "timezone": "UTC"}
    assert float(properties["max_filter_ratio"]) == 1.0
    assert shown["State"] == "RUNNING" and shown["DataSourceType"] == "KAFKA" and shown["CurrentTaskNum"] == "1" and shown["Comment"] == "mine"
    assert json.loads(shown["Progress"]) == {"0": "1"} and json.loads(shown["Lag"]) == {"0": "0"} and shown["PauseTime"] is None is shown["EndTime"]
    assert json.loads(shown["DataSourceProperties"]) == {"topic": "defaults", "currentKafkaPartitions": "0", "brokerList": kafka.address}
    server.sql("STOP ROUTINE LOAD FOR d.defaults")
    with pytest.raises(pymysql.Error, match=r"There is no job named defaults in db d. Include history\? false"):
        server.sql("SHOW ROUTINE LOAD FOR d.defaults")
    assert server.sql("SHOW ALL ROUTINE LOAD FOR d.defaults")[0][8] == "STOPPED" and server.sql("SHOW ALL ROUTINE LOAD FOR d.defaults")[0][4]
    for statement in ("PAUSE ROUTINE LOAD FOR d.nope", "RESUME ROUTINE LOAD FOR d.nope", "STOP ROUTINE LOAD FOR d.nope", "ALTER ROUTINE LOAD FOR d.nope PROPERTIES (\"strict_mode\" = \"true\")"):
        with pytest.raises(pymysql.Error, match="There is no job named nope in db d"):
            server.sql(statement)


def test_where_partitions_are_read_from(jobs_server, kafka):
    server = jobs_server
    kafka.create_topic("places", partitions=4)
    for partition in range(4):
        kafka.produce("places", [f"{10 * partition + i}\t1\told" for i in range(5)], partition=partition)
    time.sleep(1.1)
    now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    time.sleep(1.1)
    for partition in range(4):
        kafka.produce("places", [f"{10 * partition + 5}\t1\tnew"], partition=partition)
    for name, source, expected in (
            ("offsets", {"kafka_partitions": "0,1,2,3", "kafka_offsets": f"3,OFFSET_BEGINNING,OFFSET_END,{now}"}, [3, 4, 5, 10, 11, 12, 13, 14, 15, 35]),
            ("some", {"kafka_partitions": "2"}, [20, 21, 22, 23, 24, 25]),
            ("quoted", {"kafka_partitions": "1", "kafka_offsets": f"'{now}'"}, [15]),
            ("bytime", {"property.kafka_default_offsets": now}, [5, 15, 25, 35])):
        server.sql(f"CREATE TABLE d.at_{name} {TABLE}")
        given = {"property.kafka_default_offsets": "OFFSET_BEGINNING", **source}
        properties = ", ".join(f'"{key}" = "{value}"' for key, value in given.items())
        server.sql(f'CREATE ROUTINE LOAD d.at_{name} ON at_{name} FROM KAFKA ("kafka_broker_list" = "{kafka.address}", "kafka_topic" = "places", {properties})')
        wait_for(lambda name=name, expected=expected: [row[0] for row in server.sql(f"SELECT id FROM d.at_{name} ORDER BY id")] == expected,
                 lambda name=name: f"{name}: {server.sql(f'SELECT id FROM d.at_{name} ORDER BY id')}: {job(server, f'at_{name}')}", 30)
        told = metrics(server, f"at_{name}")
        assert told["rows_total"] == len(expected) and told["error_rows_total"] == told["gaps_total"] == 0 and "last_commit_age_seconds" in told
        wait_for(lambda name=name: set(job(server, f"at_{name}")["lag"].values()) == {"0"}, "no lag")
        server.sql(f"STOP ROUTINE LOAD FOR d.at_{name}")


def test_control_of_all_jobs_and_tasks(make_server, kafka):
    server = make_server()
    server.sql("CREATE DATABASE d")
    kafka.create_topic("all")
    for name in ("one", "two"):
        server.sql(f"CREATE TABLE d.{name} {TABLE}")
        create_job(server, kafka, "all", job=name, table=name)

    def states():
        return {row[1]: row[8] for row in server.sql("SHOW ROUTINE LOAD")}

    server.sql("USE d")
    wait_for(lambda: states() == {"one": "RUNNING", "two": "RUNNING"}, states)
    with pytest.raises(pymysql.Error, match="already|exist"):
        create_job(server, kafka, "all", job="one", table="one")
    [task] = server.sql("SHOW ROUTINE LOAD TASK WHERE JobName = 'one'")
    assert len(task) == 9 and task[1] == "-1" and task[3] == server.sql("SHOW ROUTINE LOAD FOR one")[0][0] and int(task[6]) > 0
    server.sql("PAUSE ALL ROUTINE LOAD")
    assert states() == {"one": "PAUSED", "two": "PAUSED"} and server.sql("SHOW ROUTINE LOAD FOR one")[0][3]
    assert server.sql("SHOW ROUTINE LOAD TASK WHERE JobName = 'one'") == []
    kafka.produce("all", ["1,1,x"])
    server.restart()
    server.sql("USE d")
    assert states() == {"one": "PAUSED", "two": "PAUSED"}
    server.sql("RESUME ALL ROUTINE LOAD")
    for name in ("one", "two"):
        wait_for(lambda name=name: server.sql(f"SELECT * FROM d.{name}") == [(1, 1, "x")], "both go on")
    assert [row[1] for row in server.sql("SHOW ROUTINE LOAD LIKE 't%'")] == ["two"]
    with pytest.raises(pymysql.Error, match="STOP ROUTINE LOAD takes one job"):
        server.sql("STOP ALL ROUTINE LOAD")
    server.sql("STOP ROUTINE LOAD FOR one")
    assert states() == {"two": "RUNNING"}
    assert sorted(row[8] for row in server.sql("SHOW ALL ROUTINE LOAD")) == ["RUNNING", "STOPPED"]
    with pytest.raises(pymysql.Error):
        server.sql("RESUME ROUTINE LOAD FOR one")
