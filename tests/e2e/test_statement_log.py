"""Statements in the slow log, in the audit log and in the figures of /metrics."""
import json
import pathlib
import re

from test_bounds import metrics
from test_kafka_load import create_job, create_table, wait_for


def lines(server, name):
    path = server.data_dir / "logs" / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_audit_has_every_statement_of_each_way_in(make_server):
    server = make_server({"log.audit": "true", "log.slow_statement_ms": "0"})
    server.sql("CREATE DATABASE shop")
    server.sql("CREATE TABLE shop.t (id BIGINT, v VARCHAR(20)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("INSERT INTO shop.t VALUES (1, 'a'), (2, 'b')")
    assert server.sql("SELECT * FROM shop.t WHERE id = 1") == [(1, "a")]
    assert len(server.sql("SELECT * FROM shop.t")) == 2
    status, _, _ = server.http("POST", "/api/query/default_cluster/shop", json.dumps({"stmt": "SELECT count(*) FROM t"}))
    assert status == 200
    try:
        server.sql("SELECT missing FROM shop.t")
    except Exception as error:
        assert "missing" in str(error)
    found = {entry["statement"]: entry for entry in lines(server, "audit.jsonl")}
    point, scan = found["SELECT * FROM shop.t WHERE id = 1"], found["SELECT * FROM shop.t"]
    assert (point["class"], point["rows"], point["error"], point["user"]) == ("point", 1, None, "root")
    assert (scan["class"], scan["rows"]) == ("small", 2)
    assert found["INSERT INTO shop.t VALUES (1, 'a'), (2, 'b')"]["class"] == "write"
    assert found["CREATE DATABASE shop"]["class"] == "other"
    assert found["SELECT count(*) FROM t"]["database"] == "shop"
    assert "missing" in found["SELECT missing FROM shop.t"]["error"]
    assert not (server.data_dir / "logs" / "slow.jsonl").exists()


def test_prepared_statements_are_named_by_their_text(make_server):
    import mysql.connector

    server = make_server({"log.slow_statement_ms": "0", "log.audit": "true"})
    server.sql("CREATE DATABASE shop")
    server.sql("CREATE TABLE shop.t (id BIGINT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("INSERT INTO shop.t VALUES (1, 10)")
    with mysql.connector.connect(host="127.0.0.1", port=server.mysql_port, user="root", use_pure=True) as connection:
        with connection.cursor(prepared=True) as cursor:
            cursor.execute("SELECT v FROM shop.t WHERE id = %s", (1,))
            assert cursor.fetchall() == [(10,)]
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("PREPARE p FROM 'SELECT v FROM shop.t WHERE id = ?'")
        cursor.execute("SET @id = 1")
        cursor.execute("EXECUTE p USING @id")
        assert cursor.fetchall() == ((10,),)
    entries = [entry for entry in lines(server, "audit.jsonl") if entry["statement"] == "SELECT v FROM shop.t WHERE id = ?"]
    assert [(entry["class"], entry["rows"]) for entry in entries] == [("point", 1)] * 2


def test_slow_statements_are_written_by_default_and_counted(make_server):
    server = make_server({"log.slow_statement_ms": "50"})
    server.sql("SELECT 1")
    server.sql("CREATE DATABASE shop")
    server.sql("CREATE TABLE shop.t (id BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.load("shop", "t", "".join(f"{i}\n" for i in range(20_000)).encode())
    server.sql("SELECT count(*) FROM shop.t AS a, shop.t AS b WHERE a.id % 7 + b.id % 3 = 3")
    slow = [entry for entry in lines(server, "slow.jsonl") if entry["class"] == "big"]
    assert len(slow) == 1 and slow[0]["statement"].startswith("SELECT count(*)") and slow[0]["micros"] >= 50_000
    figures = metrics(server)
    assert figures["freshet_slow_statements_total"] >= 1
    assert figures['freshet_statement_seconds_count{class="small"}'] >= 1
    assert figures['freshet_statement_seconds_bucket{class="big",le="+Inf"}'] == figures['freshet_statement_seconds_count{class="big"}']


def test_the_dashboard_and_the_rules_name_metrics_that_are_there(make_server, kafka):
    server = make_server()
    create_table(server)
    server.sql("CREATE TABLE d.rows (id INT) UNIQUE KEY(id)")
    server.sql("INSERT INTO d.rows VALUES (1)")
    kafka.create_topic("watched", partitions=1)
    create_job(server, kafka, "watched")
    kafka.produce("watched", ["1,2,x"])
    wait_for(lambda: "freshet_routine_load_lag" in server.http("GET", "/metrics")[2].decode(), "the job's figures")
    text = server.http("GET", "/metrics")[2].decode()
    names = set(re.findall(r"^(\w+)", text, re.MULTILINE))
    labels = set(re.findall(r'(\w+="[^"]*")', text))
    config = pathlib.Path(__file__).parents[2] / "config"
    for file in ("grafana-dashboard.json", "prometheus-rules.yaml"):
        shown = (config / file).read_text().replace('\\"', '"')
        used = set(re.findall(r"freshet_\w+", shown))
        assert len(used) >= 5 and used <= names, used - names
        for selected in re.findall(r'((?:class|status|outcome)="[^"]*")', shown):
            assert selected in labels, selected
    json.loads((config / "grafana-dashboard.json").read_text())
