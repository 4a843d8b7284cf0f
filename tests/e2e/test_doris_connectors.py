"""Doris's connectors for Flink and Spark, unchanged, against the server: their sinks in all forms, Flink's look-up joins, its
catalogue and its changes of columns, and exactly-once delivery by two-phase commits while the server is killed."""
import datetime
import os
import subprocess
import time

import pytest

from support.freshet_server import ROOT, FreshetServer
from support.routine_loads import wait_for

pytestmark = pytest.mark.full

DRIVERS = ROOT / ".deps" / "drivers"
PASSWORD = "secret"
SECONDS_MAX = 240
ROWS = 40000
KILLS = 4
# Spark and Arrow reach into Java's own classes.
OPENED = ("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util", "java.util.concurrent",
          "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar")
LAST_NAME, LAST_MOMENT = 'näme\t"9999', datetime.datetime(2026, 1, 1, 0, 16, 39)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = FreshetServer(tmp_path_factory.mktemp("connectors"), {"users.root_password": PASSWORD}, password=PASSWORD).start()
    yield server
    assert server.stop() == 0, server.log_tail()


def begin(kind, program, *arguments):
    """The process of a Java program below tests/drivers."""
    folder = DRIVERS / kind
    assert (folder / "built").exists(), f"there is no {folder}: run scripts/setup --full"
    command = ["java", "-Xmx1g", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8", "-Duser.timezone=UTC",
               "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
               *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED), "-cp", f"{folder}:{folder / 'jars'}/*", program]
    return subprocess.Popen([*command, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, errors="replace", env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"})


def finish(process):
    """Its output; it must end with 0."""
    try:
        output = process.communicate(timeout=SECONDS_MAX)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"it did not end within {SECONDS_MAX} s\n{process.communicate()[0][-4000:]}") from None
    assert process.returncode == 0, output[-4000:]
    return output


def flink(server, database, jobs):
    return begin("flink", "FlinkJobs", f"127.0.0.1:{server.http_port}", f"127.0.0.1:{server.mysql_port}", PASSWORD, database, jobs)


def make_upserted(server, database, *tables):
    for table in tables:
        server.sql(f"CREATE TABLE {database}.{table} (k BIGINT NOT NULL, name VARCHAR(50), moment DATETIME, seen BIGINT) "
                   f"UNIQUE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 2")


def make_appended(server, database, *tables):
    for table in tables:
        server.sql(f"CREATE TABLE {database}.{table} (id BIGINT NOT NULL, name VARCHAR(50), moment DATETIME) "
                   f"DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")


def appended(server, database, table):
    return server.sql(f"SELECT count(*), count(DISTINCT id), sum(id), max(name), max(moment) FROM {database}.{table}")[0]


ALL_APPENDED = (ROWS, ROWS, ROWS * (ROWS + 1) // 2, LAST_NAME, LAST_MOMENT)


def test_flink_upserts_deletes_and_look_ups(server, database):
    upserted = ("upserts", "batches", "packed", "grouped")
    make_upserted(server, database, "deletes", *upserted)
    make_appended(server, database, "arrow")
    output = finish(flink(server, database, "upserts,deletes,batches,packed,grouped,arrow,lookup,catalog,schema"))
    for table in upserted:
        assert server.sql(f"SELECT count(*), sum(seen), max(name), max(moment) FROM {database}.{table}") == [
            (1000, ROWS, LAST_NAME, LAST_MOMENT)], table
    assert server.sql(f"SELECT count(*), sum(seen), sum(k % 2) FROM {database}.deletes") == [(500, ROWS // 2, 0)]
    assert appended(server, database, "arrow") == ALL_APPENDED
    assert f"+U[{ROWS}, {ROWS * 40}]" in output, output[-2000:]
    assert server.sql(f"DESC {database}.made")[0][:4] == ("k", "bigint", "Yes", "true")
    assert [(column[0], column[1], column[8]) for column in server.sql(f"SHOW FULL COLUMNS FROM {database}.changed")] == [
        ("id", "bigint", "the key"), ("remark", "varchar(60)", "another comment")]


def test_flink_delivers_exactly_once_though_the_server_is_killed(server, database, rng):
    make_appended(server, database, "appends")
    job = flink(server, database, "appends")
    try:
        for _ in range(KILLS):
            before = server.value(f"SELECT count(*) FROM {database}.appends")
            wait_for(lambda: server.value(f"SELECT count(*) FROM {database}.appends") > before, lambda: "rows come after a restart")
            time.sleep(rng.random())
            server.kill()
            time.sleep(rng.random() / 2)
            server.start(same_ports=True)
        assert job.poll() is None, "the kills came too late for a test"
        finish(job)
    finally:
        job.kill()
        job.wait()
    assert appended(server, database, "appends") == ALL_APPENDED


def test_spark_writes(server, database):
    tables = ("csv", "packed", "json", "one_phase", "overwritten")
    for table in tables:
        server.sql(f"CREATE TABLE {database}.{table} (id BIGINT NOT NULL, name VARCHAR(50), moment DATETIME, amount DECIMAL(12, 2)) "
                   f"DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    finish(begin("spark", "SparkJobs", f"127.0.0.1:{server.http_port}", server.mysql_port, PASSWORD, database))
    all_rows = (ROWS, ROWS, ROWS * (ROWS - 1) // 2, 'näme"9999', LAST_MOMENT)
    for table in tables[:-1]:
        assert appended(server, database, table) == all_rows, table
        assert server.sql(f"SELECT sum(amount = id / 4) FROM {database}.{table}") == [(ROWS,)], table
    assert server.sql(f"SELECT count(*), sum(id % 2) FROM {database}.overwritten") == [(ROWS // 2, 0)]
