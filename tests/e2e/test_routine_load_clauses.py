"""What CREATE and ALTER ROUTINE LOAD can say, from a real Kafka broker."""
import json
import time

import pymysql
import pytest

from support.routine_loads import create_job, job, wait_for

NOTHING = ""


def create_table(server, columns="id BIGINT NOT NULL, v BIGINT, s VARCHAR(20)", properties="", partitions="", name="t"):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    server.sql(f"CREATE TABLE d.{name} ({columns}) UNIQUE KEY(id) {partitions} DISTRIBUTED BY HASH(id) BUCKETS 2 {properties}")


def rows(server, columns="*", table="t"):
    return server.sql(f"SELECT {columns} FROM d.{table} ORDER BY 1")


def wait_for_rows(server, expected, columns="*", table="t"):
    wait_for(lambda: rows(server, columns, table) == expected, lambda: f"{expected}, but there is {rows(server, columns, table)}")


def test_columns_with_expressions_filters_and_delete_on(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("clauses")
    create_job(server, kafka, "clauses", columns='WITH MERGE COLUMNS TERMINATED BY "|", COLUMNS(id, tmp, op, v = tmp * 10, '
               's = concat(\'s\', tmp)), PRECEDING FILTER tmp <> 99, WHERE id < 100, DELETE ON op = "d"')
    kafka.produce("clauses", ["1|1|u", "2|2|u", "3|99|u", "200|4|u", "2|5|d", "4|6|u"])
    wait_for_rows(server, [(1, 10, "s1"), (4, 60, "s6")])
    statistic = job(server)["statistic"]
    assert statistic["totalRows"] == 6 and statistic["loadedRows"] == 4 and statistic["unselectedRows"] == 2
    # The clauses are part of the job's record.
    server.kill()
    server.start()
    kafka.produce("clauses", ["5|7|u", "1|8|d", "300|1|u"])
    wait_for_rows(server, [(4, 60, "s6"), (5, 70, "s7")])
    statement = server.sql("SHOW CREATE ROUTINE LOAD FOR d.j")[0][2]
    server.sql("STOP ROUTINE LOAD FOR d.j")
    server.sql("TRUNCATE TABLE d.t")
    server.sql("USE d")
    server.sql(statement.replace("`j`", "`again`"))
    wait_for_rows(server, [(4, 60, "s6"), (5, 70, "s7")])


def test_the_time_is_that_of_the_batch(make_server, kafka):
    server = make_server()
    definition = "id BIGINT NOT NULL, moment DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6), unix BIGINT, made DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6)"
    create_table(server, definition)
    create_table(server, definition, name="plain")
    kafka.create_topic("times")
    kafka.create_topic("plain")
    create_job(server, kafka, "times", columns='COLUMNS TERMINATED BY ",", COLUMNS(id, moment = now(6), unix = unix_timestamp())')
    create_job(server, kafka, "plain", job="plain", table="plain", columns="", format="json")
    for i in range(3):
        time.sleep(1)  # what was taken when the jobs were made, or for the rows before, is older than
        before = server.value("SELECT utc_timestamp(6)")
        kafka.produce("times", [str(i)])
        kafka.produce("plain", [json.dumps({"id": i})])
        for table in ("t", "plain"):
            wait_for(lambda table=table, i=i: len(rows(server, table=table)) == i + 1, "the row")
            for column in ("moment", "made"):
                assert server.value(f"SELECT {column} FROM d.{table} WHERE id = {i}") > before, (table, column)
    times = [row[1] for row in rows(server)]
    assert times == sorted(times) and len(set(times)) == 3 and len({row[2] for row in rows(server)}) == 3


def test_an_idle_job_keeps_no_files_of_the_past(make_server, kafka):
    server = make_server({"storage.delta_flush_rows": 50, "storage.delta_flush_seconds": 1})
    create_table(server)
    kafka.create_topic("idle_files")
    create_job(server, kafka, "idle_files", columns="", format="json")

    def files():
        return sorted(path.name for path in (server.data_dir / "segments").glob("*.seg"))

    for i in range(4):
        kafka.produce("idle_files", [json.dumps({"id": key, "v": i}) for key in range(200)])
        wait_for(lambda i=i: server.value("SELECT count(*) FROM d.t WHERE v = %s", i) == 200, "the rows")
        wait_for(lambda i=i: len(files()) > 0, "their files")
    before = files()
    server.sql("ALTER TABLE d.t COMPACT")
    wait_for(lambda: len(files()) <= 2 and not set(files()) & set(before), lambda: f"the files before the compaction are gone: {before}, now {files()}", 20)
    assert job(server)["state"] == "RUNNING" and server.value("SELECT sum(v) FROM d.t") == 600


def test_a_table_that_is_made_again_is_filled_by_its_own_columns(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("made_again")
    create_job(server, kafka, "made_again", columns="", format="json")
    kafka.produce("made_again", ['{"id": 1, "v": 2, "s": "x"}'])
    wait_for_rows(server, [(1, 2, "x")])
    server.sql("DROP TABLE d.t")
    create_table(server, "id BIGINT NOT NULL, more INT, s INT, w DOUBLE, v VARCHAR(5)")
    kafka.produce("made_again", ['{"id": 3, "v": "four", "s": 5, "w": 6.5, "more": 7}'])
    wait_for_rows(server, [(3, 7, 5, 6.5, "four")])
    assert server.is_running() and job(server)["state"] == "RUNNING"


def test_with_delete_order_by_and_partition(make_server, kafka):
    server = make_server()
    create_table(server, "id BIGINT NOT NULL, v BIGINT", 'PROPERTIES ("function_column.sequence_type" = "bigint")',
                 "PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN (\"100\"), PARTITION p2 VALUES LESS THAN (\"200\"))")
    kafka.create_topic("order")
    kafka.create_topic("deletes")
    create_job(server, kafka, "order", columns='COLUMNS TERMINATED BY ",", COLUMNS(id, v, seq), PARTITION(p1), ORDER BY seq',
               max_error_number=10)
    kafka.produce("order", ["1,1,5", "1,2,4", "2,3,1", "150,1,1", "2,4,2"])
    wait_for_rows(server, [(1, 1), (2, 4)])
    wait_for(lambda: job(server)["statistic"]["errorRows"] == 1, "the row of another partition is rejected")
    create_job(server, kafka, "deletes", job="x", columns='WITH DELETE COLUMNS TERMINATED BY ",", COLUMNS(id, seq), ORDER BY seq')
    kafka.produce("deletes", ["1,3", "2,9"])
    wait_for_rows(server, [(1, 1)])


def test_partial_columns_stay_partial_after_a_restart(make_server, kafka):
    server = make_server()
    create_table(server, properties='PROPERTIES ("enable_unique_key_skip_bitmap_column" = "true")')
    kafka.create_topic("fixed")
    kafka.create_topic("flexible")
    server.sql("INSERT INTO d.t VALUES (1, 1, 'a'), (2, 2, 'b')")
    create_job(server, kafka, "fixed", job="fixed", columns="COLUMNS(id, v)", format="json", partial_columns="true")
    create_job(server, kafka, "flexible", job="flexible", columns=NOTHING, format="json",
               unique_key_update_mode="UPDATE_FLEXIBLE_COLUMNS")
    for step in range(2):
        kafka.produce("fixed", [json.dumps({"id": 1, "v": 10 + step, "s": "ignored"})])
        kafka.produce("flexible", [json.dumps({"id": 2, "s": f"B{step}"}), json.dumps({"id": 3, "v": step})])
        wait_for_rows(server, [(1, 10 + step, "a"), (2, 2, f"B{step}"), (3, step, None)])
        server.restart()


def test_what_does_not_fit_is_refused_with_its_reason(make_server, kafka):
    server = make_server()
    create_table(server)
    for clauses, properties, reason in (
            ("COLUMNS(id, v = nope + 1)", {}, "nope"),
            ("COLUMNS(id, nope = v + 1)", {}, "fills no column of the table"),
            ("WHERE count(*) > 1", {}, "ggregate"),
            ("PARTITION(p9)", {}, "unknown partition p9"),
            ("ORDER BY v", {}, "There is no sequence column in the table"),
            ("WITH MERGE", {}, "DELETE ON"),
            ("DELETE ON v = 1", {}, "WITH MERGE"),
            (NOTHING, {"unique_key_update_mode": "UPDATE_FLEXIBLE_COLUMNS"}, "only support json"),
            (NOTHING, {"strict_mode": "maybe"}, "strict mode"),
            (NOTHING, {"max_filter_ratio": "2"}, "max_filter_ratio"),
            (NOTHING, {"max_batch_rows": "0"}, "max_batch_rows"),
            (NOTHING, {"desired_concurrent_number": "x"}, "desired_concurrent_number"),
            (NOTHING, {"exec_mem_limit": "x"}, "exec_mem_limit"),
            (NOTHING, {"timezone": "a zone"}, "no time zone"),
            ("WHERE v > unix_timestamp()", {"timezone": "Asia/Shanghai"}, "evaluated in UTC"),
            (NOTHING, {"max_speed": "1"}, "max_speed is an invalid property")):
        with pytest.raises(pymysql.Error, match=reason):
            create_job(server, kafka, "any", columns=clauses, **properties)
    for source, reason in (({"kafka_offsets": "1"}, "needs kafka_partitions"), ({"kafka_partitions": "1,1"}, "named twice"),
                           ({"kafka_partitions": "1", "kafka_offsets": "1,2"}, "equals to offsets number"),
                           ({"property.ssl.ca.location": "FILE:ca.pem"}, "CREATE FILE is not offered")):
        with pytest.raises(pymysql.Error, match=reason):
            create_job(server, kafka, "any", source=source)
    server.sql("USE d")
    assert server.sql("SHOW ALL ROUTINE LOAD") == []
    create_job(server, kafka, "any", desired_concurrent_number=3, exec_mem_limit=2147483648, send_batch_parallelism=2,
               load_to_single_tablet="false", timezone="Asia/Shanghai", workload_group="normal", max_batch_size=104857600)


def test_alter_while_paused(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("alter", partitions=2)
    kafka.create_topic("alter2")
    create_job(server, kafka, "alter", source={"kafka_partitions": "0,1", "kafka_offsets": "OFFSET_BEGINNING,OFFSET_BEGINNING"})
    kafka.produce("alter", [f"{i},1,a" for i in range(10)], partition=0)
    kafka.produce("alter", [f"{i},1,b" for i in range(10, 20)], partition=1)
    wait_for(lambda: len(rows(server)) == 20, "all rows")
    with pytest.raises(pymysql.Error, match="PAUSED"):
        server.sql('ALTER ROUTINE LOAD FOR d.j PROPERTIES ("max_error_number" = "3")')
    server.sql("PAUSE ROUTINE LOAD FOR d.j")
    for alteration, reason in (('PROPERTIES ("format" = "json")', "format cannot be changed"),
                               ('PROPERTIES ("max_error_number" = "x")', "whole number"),
                               ('FROM KAFKA ("kafka_partitions" = "0")', "kafka_offsets"),
                               ('FROM KAFKA ("kafka_partitions" = "7", "kafka_offsets" = "0")', "does not read partition 7"),
                               ('FROM KAFKA ("nope" = "0")', "invalid property")):
        with pytest.raises(pymysql.Error, match=reason):
            server.sql(f"ALTER ROUTINE LOAD FOR d.j {alteration}")
    server.sql("TRUNCATE TABLE d.t")
    server.sql('ALTER ROUTINE LOAD FOR d.j PROPERTIES ("max_error_number" = "7", "max_batch_interval" = "3") '
               'FROM KAFKA ("kafka_partitions" = "0", "kafka_offsets" = "6")')
    assert job(server)["progress"]["0"] == "5"
    server.restart()
    server.sql("RESUME ROUTINE LOAD FOR d.j")
    wait_for_rows(server, [(i, 1, "a") for i in range(6, 10)])
    assert job(server)["progress"] == {"0": "9", "1": "9"}
    line = server.sql("SHOW ROUTINE LOAD FOR d.j")[0]
    properties = json.loads(line[11])
    assert properties["max_error_number"] == "7" and properties["max_batch_interval"] == "3" and properties["format"] == "csv"
    # Another topic is read from its default offsets.
    kafka.produce("alter2", ["77,1,c"])
    server.sql("PAUSE ROUTINE LOAD FOR d.j")
    server.sql('ALTER ROUTINE LOAD FOR d.j FROM KAFKA ("kafka_topic" = "alter2")')
    server.sql("RESUME ROUTINE LOAD FOR d.j")
    wait_for(lambda: (77, 1, "c") in rows(server), "the other topic's row")


def test_several_tables_by_the_names_in_their_rows(make_server, kafka, rng):
    server = make_server()
    create_table(server, "id BIGINT NOT NULL, v BIGINT")
    create_table(server, "id BIGINT NOT NULL, name VARCHAR(20)", name="u")
    server.sql("CREATE TABLE d.log (id BIGINT NOT NULL, v BIGINT) DUPLICATE KEY(id)")
    kafka.create_topic("many", partitions=2)
    server.sql('CREATE ROUTINE LOAD d.j PROPERTIES ("format" = "json", "max_error_number" = "10") FROM KAFKA '
               f'("kafka_broker_list" = "{kafka.address}", "kafka_topic" = "many", "property.kafka_default_offsets" = "OFFSET_BEGINNING")')
    sent = 0
    for _ in range(4):
        more = rng.randrange(500, 2000)
        messages = []
        for i in range(sent, sent + more):
            messages.append((str(i), f't|{{"id": {i % 100}, "v": {i}}}'))
            messages.append((str(i), f'd.log|{{"id": {i}, "v": {i}}}'))
            if i % 7 == 0:
                messages.append((str(i), f'u|{{"id": {i}, "name": "n{i}"}}'))
        # It dies before the commit of a table, between two, or before the positions of the job move.
        server.stop()
        server.start(failpoints=f"routine_load_commit=crash@{rng.randrange(1, 5)}")
        kafka.produce("many", messages)
        sent += more
        wait_for(lambda: not server.is_running(), "the server dies")
        server.start()
    kafka.produce("many", ["nope|{}", '{"id": 1}'])
    wait_for(lambda: server.value("SELECT count(*) FROM d.log") >= sent, "all rows")
    wait_for(lambda: job(server)["statistic"]["errorRows"] == 2, "the messages without a table are counted")
    assert server.sql("SELECT count(*), count(DISTINCT id), sum(v) FROM d.log") == [(sent, sent, sent * (sent - 1) // 2)]
    assert server.value("SELECT count(*) FROM d.u") == (sent + 6) // 7
    latest = {i % 100: i for i in range(sent)}
    # A row's key is not the messages', so that any of its values may be the last: but none is from elsewhere.
    assert all(value % 100 == key for key, value in rows(server)) and len(rows(server)) == len(latest)
    assert server.sql("SHOW ROUTINE LOAD FOR d.j")[0][7] == "true"


def test_show_tells_all_of_it_and_no_secrets(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("show")
    create_job(server, kafka, "show", columns='COLUMNS(id, v), WHERE id < 5, COLUMNS TERMINATED BY ","', max_error_number=1,
               source={"property.group.id": "g", "property.sasl.password": "pa55word", "property.client.id": "me"})
    kafka.produce("show", [f"{i},{i}" for i in range(10)])
    wait_for(lambda: len(rows(server)) == 5, "the rows")
    line = wait_for(lambda: server.sql("SHOW ROUTINE LOAD FOR d.j")[0], "the job")
    assert len(line) == 23 and line[8] == "RUNNING" and line[6] == "t" and line[7] == "false" and line[9] == "KAFKA"
    statistic = json.loads(line[14])
    for name in ("receivedBytes", "runningTxns", "errorRows", "committedTaskNum", "loadedRows", "loadRowsRate", "abortedTaskNum",
                 "errorRowsAfterResumed", "totalRows", "unselectedRows", "receivedBytesRate", "taskExecuteTimeMs"):
        assert name in statistic, name
    assert (statistic["loadedRows"], statistic["unselectedRows"], statistic["totalRows"]) == (5, 5, 10)
    assert json.loads(line[13]) == {"kafka_default_offsets": "OFFSET_BEGINNING", "group.id": "g", "sasl.password": "******",
                                    "client.id": "me"}
    assert json.loads(line[12])["topic"] == "show" and line[20] == "root"
    server.sql("USE d")
    tasks = server.sql("SHOW ROUTINE LOAD TASK WHERE JobName = 'j'")
    assert len(tasks) == 1 and len(tasks[0]) == 9 and tasks[0][3] == line[0] and json.loads(tasks[0][8]) == {"0": "10"}
    shown = str(line) + str(server.sql("SHOW CREATE ROUTINE LOAD FOR d.j")) + server.log_tail(10_000)
    assert "pa55word" not in shown
    # Counts and progress are those of the last commit, also while nothing runs.
    server.sql("PAUSE ROUTINE LOAD FOR d.j")
    before = job(server)
    server.kill()
    server.start()
    after = job(server)
    assert after["state"] == "PAUSED" and after["progress"] == before["progress"] == {"0": "9"}
    assert after["statistic"] == before["statistic"]
    server.sql("RESUME ROUTINE LOAD FOR d.j")
    kafka.produce("show", ["3,33"])
    wait_for(lambda: (3, 33) in rows(server, "id, v"), "the next row")
    server.kill()
    server.start()
    assert job(server)["statistic"]["totalRows"] == 11
