"""A mirror of PostgreSQL: pgbench runs there, Debezium's connector in Kafka Connect sends every change to a broker, routine loads
take them. Freshet is killed several times on the way; at the end every table is the same, row for row."""
import datetime
import time

import pytest

from support.debezium_connect import DebeziumConnect
from support.postgres_server import PostgresServer
from support.routine_loads import job, wait_for

PREFIX = "pg"
RUN_SECONDS = 40
KILLS = 6
SETTLE_SECONDS = 240

# Changes of all kinds beside pgbench's own: upserts, deletes, changed keys, and transactions that are rolled back.
CHANGES = r"""
\set id random(1, 500)
\set other random(1, 500)
\set third random(1, 500)
\set cents random(-100000000, 100000000)
\set chance random(1, 10)
BEGIN;
INSERT INTO changes VALUES (:id, 'näme "' || :cents || '"', :cents / 100.0, timestamp '2000-01-01' + :cents * interval '1.000001 s',
    date '2020-02-29' + :id::int, :id % 2 = 0, :cents / 7.0, NULL)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, amount = excluded.amount, note = 'x' || repeat(E'\\', :chance::int);
UPDATE changes SET seen = NULL, score = score + 1 WHERE id = :other;
DELETE FROM changes WHERE id = :third;
UPDATE changes SET id = id + 1000 * :chance WHERE id = :other % 50 AND NOT EXISTS (SELECT FROM changes WHERE id = :other % 50 + 1000 * :chance);
\if :chance = 1
ROLLBACK;
\else
COMMIT;
\endif
"""

# table -> (its columns in Freshet, the key first; what PostgreSQL shows for each)
TABLES = {
    "pgbench_accounts": ("aid BIGINT NOT NULL, bid INT, abalance INT, filler VARCHAR(100)", "aid, bid, abalance, filler"),
    "pgbench_branches": ("bid BIGINT NOT NULL, bbalance INT, filler VARCHAR(100)", "bid, bbalance, filler"),
    "pgbench_tellers": ("tid BIGINT NOT NULL, bid INT, tbalance INT, filler VARCHAR(100)", "tid, bid, tbalance, filler"),
    "pgbench_history": ("hid BIGINT NOT NULL, tid INT, bid INT, aid INT, delta INT, mtime DATETIME(6), filler VARCHAR(100)",
                        "hid, tid, bid, aid, delta, to_char(mtime, 'YYYY-MM-DD HH24:MI:SS.US'), filler"),
    "changes": ("id BIGINT NOT NULL, name VARCHAR(100), amount DECIMAL(14, 2), seen DATETIME(6), day DATE, even BOOLEAN, "
                "score DOUBLE, note VARCHAR(100)",
                "id, name, amount, to_char(seen, 'YYYY-MM-DD HH24:MI:SS.US'), day, even::int, score, note"),
}


def shown(value):
    """A value of Freshet's as psql shows it."""
    if value is None:
        return "\\N"
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, float):
        return f"{value:.17g}"
    return str(value)


def rows_in_postgres(postgres, table):
    rows = [line.split("|") for line in postgres.sql(f"SELECT {TABLES[table][1]} FROM {table} ORDER BY 1").splitlines()]
    if table == "changes":
        for row in rows:
            row[6] = shown(float(row[6]))
    return rows


def rows_in_freshet(server, table):
    return [[shown(value) for value in row] for row in server.sql(f"SELECT * FROM d.{table} ORDER BY 1")]


@pytest.fixture
def postgres():
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def connect(postgres, kafka, tmp_path):
    connects = []

    def start(prefix, schemas):
        connects.append(DebeziumConnect(tmp_path / "connect", kafka, postgres, prefix, [f"public.{table}" for table in TABLES], schemas))
        return connects[0].start()

    yield start
    for one in connects:
        one.stop()


@pytest.mark.full
@pytest.mark.parametrize("schemas", [True, False], ids=["with_schema", "without_schema"])
def test_every_table_equals_postgres_after_kills(make_server, kafka, postgres, connect, tmp_path, rng, schemas):
    prefix = f"{PREFIX}_{schemas}"
    postgres.pgbench("-i", "-s", 1, "--quiet")
    postgres.sql("ALTER TABLE pgbench_history ADD COLUMN hid BIGSERIAL PRIMARY KEY")
    postgres.sql("CREATE TABLE changes (id BIGINT PRIMARY KEY, name TEXT, amount NUMERIC(14, 2), seen TIMESTAMP, day DATE, "
                 "even BOOLEAN, score FLOAT8, note TEXT)")
    server = make_server({"storage.delta_flush_rows": 5000})
    server.sql("CREATE DATABASE d")
    running = connect(prefix, schemas)
    for table, (columns, _) in TABLES.items():
        key = columns.split()[0]
        kafka.create_topic(f"{prefix}.public.{table}", partitions=3)
        server.sql(f"CREATE TABLE d.{table} ({columns}) UNIQUE KEY({key}) DISTRIBUTED BY HASH({key}) BUCKETS 2")
        server.sql(f'CREATE ROUTINE LOAD d.{table} ON {table} PROPERTIES ("format" = "debezium_json") FROM KAFKA '
                   f'("kafka_broker_list" = "{kafka.address}", "kafka_topic" = "{prefix}.public.{table}", '
                   f'"property.kafka_default_offsets" = "OFFSET_BEGINNING")')
    wait_for(lambda: server.value("SELECT count(*) FROM d.pgbench_tellers") == 10,
             lambda: f"the snapshot begins: {job(server, 'pgbench_tellers')}\n{running.log_tail()}", SETTLE_SECONDS)

    script = postgres.folder / "changes.sql"
    script.write_text(CHANGES)
    bench = postgres.pgbench_process("-n", "-c", 4, "-T", RUN_SECONDS, "-R", 300, f"--random-seed={rng.randrange(2**31)}",
                                     "-b", "tpcb-like@1", "-f", f"{script}@2")
    for _ in range(KILLS):
        time.sleep(RUN_SECONDS / KILLS * (0.5 + rng.random() / 2))
        server.kill()
        time.sleep(rng.random())
        server.start()
    output = bench.communicate(timeout=RUN_SECONDS * 4)[0]
    assert bench.returncode == 0, output

    for table in TABLES:
        expected = rows_in_postgres(postgres, table)
        deadline = time.monotonic() + SETTLE_SECONDS
        while rows_in_freshet(server, table) != expected and time.monotonic() < deadline:
            time.sleep(0.5)
        found = rows_in_freshet(server, table)
        differing = [pair for pair in zip(expected, found) if pair[0] != pair[1]][:5]
        assert found == expected, (f"{table}: {len(expected)} rows in PostgreSQL, {len(found)} in Freshet, first differences "
                                   f"{differing}\n{job(server, table)}\n{running.log_tail()}")
        now = job(server, table)
        assert now["state"] == "RUNNING" and now["statistic"]["errorRows"] == 0, now
    changed = postgres.sql("SELECT (SELECT count(*) FROM pgbench_history) > 1000 AND (SELECT max(id) FROM changes) > 500").strip()
    assert changed == "t", "too little happened for a test"
