"""Routine loads from a real Kafka broker."""
import json
import time

import pymysql
import pytest

from support.routine_loads import create_job, job, wait_for


def create_table(server):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v BIGINT, s VARCHAR(20)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")


def content(server):
    return dict(server.sql("SELECT id, v FROM d.t"))


def test_csv_topic_with_upserts_tombstones_and_a_poison_message(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("csv", partitions=3)
    create_job(server, kafka, "csv", max_error_number=5)
    kafka.produce("csv", [(str(i % 500), f"{i % 500},{i},x") for i in range(5000)] + ["poison", ("1", None)])
    expected = {i % 500: i for i in range(5000)}
    wait_for(lambda: content(server) == expected, "all messages")
    wait_for(lambda: job(server)["statistic"]["errorRows"] == 1, "the poison message is counted")
    now = job(server)
    assert now["state"] == "RUNNING" and now["statistic"]["loadedRows"] == 5000 and sorted(now["progress"]) == ["0", "1", "2"]
    path = now["errors"].split("://", 1)[1].split("/", 1)[1]
    assert b"src line [poison]" in server.http("GET", "/" + path)[2]


def test_json_topic_by_names(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("json", partitions=1)
    create_job(server, kafka, "json", columns="", format="json")
    kafka.produce("json", [json.dumps({"v": i * 2, "id": i, "s": "é\"", "more": [1]}) for i in range(300)])
    wait_for(lambda: content(server) == {i: i * 2 for i in range(300)}, "all messages")
    assert server.value("SELECT DISTINCT s FROM d.t") == 'é"'


def test_resumes_exactly_where_it_was_after_kills(make_server, kafka, rng):
    server = make_server()
    create_table(server)
    kafka.create_topic("exact", partitions=2)
    # Duplicate rows are all kept, so every message that is read twice, or not at all, would show.
    server.sql("CREATE TABLE d.log (id BIGINT NOT NULL, v BIGINT) DUPLICATE KEY(id)")
    server.sql(f'CREATE ROUTINE LOAD d.k ON log COLUMNS TERMINATED BY "," FROM KAFKA ("kafka_broker_list" = "{kafka.address}", '
               '"kafka_topic" = "exact", "property.kafka_default_offsets" = "OFFSET_BEGINNING")')
    sent = 0
    for _ in range(6):
        more = rng.randrange(2000, 20_000)
        kafka.produce("exact", [(str(i), f"{i},{i}") for i in range(sent, sent + more)])
        sent += more
        time.sleep(rng.random() * 0.2)
        server.kill()
        server.start()
    wait_for(lambda: server.value("SELECT count(*) FROM d.log") >= sent, "all messages")
    time.sleep(0.5)
    assert server.sql("SELECT count(*), count(DISTINCT id), sum(v) FROM d.log") == [(sent, sent, sent * (sent - 1) // 2)]


def test_pause_resume_stop(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("pause", partitions=1)
    create_job(server, kafka, "pause")
    kafka.produce("pause", ["1,1,a"])
    wait_for(lambda: content(server) == {1: 1}, "the first message")
    server.sql("PAUSE ROUTINE LOAD FOR d.j")
    assert job(server)["state"] == "PAUSED"
    kafka.produce("pause", ["2,2,b"])
    server.restart()
    time.sleep(0.5)
    assert content(server) == {1: 1} and job(server)["state"] == "PAUSED"
    server.sql("RESUME ROUTINE LOAD FOR d.j")
    wait_for(lambda: content(server) == {1: 1, 2: 2}, "the message of the pause")
    server.sql("STOP ROUTINE LOAD FOR d.j")
    assert job(server)["state"] == "STOPPED"
    server.sql("USE d")
    assert server.sql("SHOW ROUTINE LOAD") == []
    with pytest.raises(pymysql.Error, match="There is no job named j in db d"):
        server.sql("RESUME ROUTINE LOAD FOR d.j")


def test_too_many_errors_pause_the_job_with_the_reason(make_server, kafka):
    server = make_server()
    create_table(server)
    kafka.create_topic("errors", partitions=1)
    create_job(server, kafka, "errors", max_error_number=2)
    kafka.produce("errors", ["1,1,a", "x", "y", "z", "2,2,b"])
    wait_for(lambda: job(server)["state"] == "PAUSED", "the job pauses")
    assert "max_error_number (2)" in job(server)["reason"] and "column number" in job(server)["reason"]
    server.sql("RESUME ROUTINE LOAD FOR d.j")
    kafka.produce("errors", ["3,3,c"])
    wait_for(lambda: content(server) == {1: 1, 2: 2, 3: 3}, "the rows around the errors")


def test_wrong_properties_are_refused(make_server, kafka):
    server = make_server()
    create_table(server)
    for source, properties, words in (
            ('"kafka_topic" = "x"', "", "kafka_broker_list"),
            ('"kafka_broker_list" = "127.0.0.1:1", "kafka_topic" = "x", "nope" = "1"', "", "nope"),
            ('"kafka_broker_list" = "127.0.0.1:1", "kafka_topic" = "x"', 'PROPERTIES ("format" = "orc")', "ORC files"),
            ('"kafka_broker_list" = "127.0.0.1:1", "kafka_topic" = "x"', 'PROPERTIES ("max_error_number" = "-1")', "max_error_number")):
        with pytest.raises(pymysql.Error, match=words):
            server.sql(f"CREATE ROUTINE LOAD d.w ON t {properties} FROM KAFKA ({source})")
    with pytest.raises(pymysql.Error, match="Unknown table"):
        server.sql('CREATE ROUTINE LOAD d.w ON nope FROM KAFKA ("kafka_broker_list" = "127.0.0.1:1", "kafka_topic" = "x")')
