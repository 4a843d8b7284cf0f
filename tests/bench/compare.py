"""Freshet beside DuckDB and MariaDB: loads, scans, point reads. Prints one table; ratios are of one run.

Every system keeps its durability on: Freshet syncs each commit, MariaDB runs with innodb_flush_log_at_trx_commit=1.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import duckdb
import pymysql

from support.freshet_server import FreshetServer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COLUMNS = "id BIGINT NOT NULL, customer INT, amount DECIMAL(10,2), status VARCHAR(16), created DATETIME, quantity INT"
AGGREGATED = "amount DECIMAL(20,2) SUM, status VARCHAR(16) REPLACE, created DATETIME MIN, quantity BIGINT SUM"
SELECT_ROW = """{id} AS id, (hash({id} + {salt}) % 100000)::INT AS customer, ((hash({id} * 3 + {salt}) % 1000000) / 100)::DECIMAL(10,2) AS amount,
  ['new', 'paid', 'sent', 'done', 'lost'][1 + (hash({id} + 7 + {salt}) % 5)::INT] AS status,
  TIMESTAMP '2026-01-01 00:00:00' + INTERVAL 1 SECOND * (hash({id} + 11) % 31536000)::INT AS created,
  (hash({id} + 13 + {salt}) % 50)::INT AS quantity"""
QUERIES = {
    "sum, avg, count": "SELECT sum(amount), avg(quantity), count(*) FROM {t} WHERE quantity < 40",
    "group by status": "SELECT status, count(*), sum(amount) FROM {t} GROUP BY status ORDER BY status",
    "top customers": "SELECT customer, sum(amount) AS total FROM {t} GROUP BY customer ORDER BY total DESC, customer LIMIT 10",
    "by month": "SELECT date_trunc('month', created) AS m, sum(quantity) FROM {t} GROUP BY m ORDER BY m",
}
SCAN_REPEATS = 15
POINT_SECONDS = 10
SYSBENCH_ROWS = 100_000


class Table:
    """What was measured, as lines of a table and as JSON."""

    def __init__(self):
        self.lines = []

    def add(self, work, value, unit, beside="", ratio=None):
        self.lines.append({"work": work, "value": value, "unit": unit, "beside": beside, "ratio": ratio})
        print(f"  {work}: {value:,.2f} {unit}" + (f"   {ratio:.2f}x {beside}" if ratio is not None else ""), flush=True)

    def markdown(self):
        out = ["| work | figure | ratio |", "| --- | --- | --- |"]
        for line in self.lines:
            ratio = "" if line["ratio"] is None else f"{line['ratio']:.2f}x {line['beside']}"
            value = line["value"]
            figure = f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
            out.append(f"| {line['work']} | {figure} {line['unit']} | {ratio} |")
        return "\n".join(out)


def generate(folder, rows):
    """Files of the loads: `base`, `half` (every second key exists in base), `update` (30 % of the keys of base)."""
    connection = duckdb.connect()
    sources = {
        "base": f"SELECT {SELECT_ROW.format(id='range', salt=0)} FROM range({rows})",
        "half": f"SELECT {SELECT_ROW.format(id='range', salt=1)} FROM range({rows // 2}, {rows // 2 + rows})",
        "update": f"SELECT {SELECT_ROW.format(id='range', salt=2)} FROM range({rows}) WHERE hash(range) % 10 < 3",
    }
    for name, query in sources.items():
        connection.execute(f"COPY ({query}) TO '{folder}/{name}.csv' (HEADER false)")
    connection.execute(f"COPY ({sources['base']}) TO '{folder}/base.json'")
    return sources


def load(server, table, path, **headers):
    """Seconds and rows of one Stream Load of a file."""
    def pieces():
        with open(path, "rb") as file:
            while piece := file.read(1 << 20):
                yield piece

    begin = time.monotonic()
    answer = server.stream_load("bench", table, pieces(), **headers)
    seconds = time.monotonic() - begin
    if answer["Status"] != "Success":
        raise RuntimeError(answer)
    return seconds, answer["NumberLoadedRows"]


def measure_loads(server, folder, table):
    csv = {"column_separator": ","}
    ddl = "DISTRIBUTED BY HASH(id) BUCKETS 2"
    server.sql(f"CREATE TABLE orders ({COLUMNS}) UNIQUE KEY(id) {ddl}")
    server.sql(f"CREATE TABLE orders_json ({COLUMNS}) UNIQUE KEY(id) {ddl}")
    server.sql(f"CREATE TABLE events ({COLUMNS}) DUPLICATE KEY(id) {ddl}")
    load(server, "events", folder / "base.csv", **csv)  # files and memory are warm for all that is measured
    server.sql("TRUNCATE TABLE events")
    seconds, rows = load(server, "events", folder / "base.csv", **csv)
    duplicate_rate = rows / seconds
    table.add("Stream Load, CSV, six columns, DUPLICATE table", duplicate_rate, "rows/s")
    seconds, rows = load(server, "orders", folder / "base.csv", **csv)
    empty_rate = rows / seconds
    table.add("Stream Load, CSV, six columns, empty UNIQUE table", empty_rate, "rows/s", "DUPLICATE table",
              empty_rate / duplicate_rate)
    seconds, rows = load(server, "orders", folder / "half.csv", **csv)
    table.add("the same, every second key exists", rows / seconds, "rows/s", "empty table", rows / seconds / empty_rate)
    measure_aggregate_loads(server, folder, table, empty_rate, rows / seconds)
    seconds, rows = load(server, "orders_json", folder / "base.json", format="json", read_json_by_line="true")
    table.add("Stream Load, JSON lines, empty UNIQUE table", rows / seconds, "rows/s", "CSV", rows / seconds / empty_rate)
    server.sql("DROP TABLE orders")
    server.sql("DROP TABLE orders_json")
    server.sql("DROP TABLE events")


def measure_aggregate_loads(server, folder, table, empty_rate, half_rate):
    """The loads of a UNIQUE table into an AGGREGATE KEY table, and many rows of few keys."""
    csv = {"column_separator": ","}
    server.sql(f"CREATE TABLE totals (id BIGINT NOT NULL, customer INT MAX, {AGGREGATED}) AGGREGATE KEY(id) "
               "DISTRIBUTED BY HASH(id) BUCKETS 2")
    server.sql(f"CREATE TABLE customers (customer INT, {AGGREGATED}) AGGREGATE KEY(customer) DISTRIBUTED BY HASH(customer) BUCKETS 2")
    seconds, rows = load(server, "totals", folder / "base.csv", **csv)
    table.add("the same, empty AGGREGATE KEY table", rows / seconds, "rows/s", "empty UNIQUE table", rows / seconds / empty_rate)
    seconds, rows = load(server, "totals", folder / "half.csv", **csv)
    table.add("the same, every second key exists, AGGREGATE KEY table", rows / seconds, "rows/s", "UNIQUE table", rows / seconds / half_rate)
    for name in ("base.csv", "half.csv"):
        seconds, rows = load(server, "customers", folder / name, columns="id,customer,amount,status,created,quantity", **csv)
    table.add("the same into 100,000 keys that all exist", rows / seconds, "rows/s", "UNIQUE table", rows / seconds / half_rate)
    server.sql("DROP TABLE totals")
    server.sql("DROP TABLE customers")


def median_seconds(runs):
    """Medians of several ways of the same work, which take turns so that the machine's noise meets all alike."""
    times = {name: [] for name in runs}
    for _ in range(SCAN_REPEATS):
        for name, run in runs.items():
            begin = time.monotonic()
            run()
            times[name].append(time.monotonic() - begin)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def same(a, b):
    return [[str(cell) for cell in row] for row in a] == [[str(cell) for cell in row] for row in b]


def measure_scans(server, folder, rows, sources, table):
    """A UNIQUE table with 30 % of its rows updated, a DUPLICATE table and a DuckDB table of the same final rows."""
    server.sql(f"CREATE TABLE mow ({COLUMNS}) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    server.sql(f"CREATE TABLE dup ({COLUMNS}) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    load(server, "mow", folder / "base.csv", column_separator=",")
    load(server, "mow", folder / "update.csv", column_separator=",")
    native = duckdb.connect(str(folder / "native.duckdb"))
    native.execute(f"SET threads = {os.cpu_count()}")
    native.execute(f"CREATE TABLE t AS SELECT * FROM ({sources['base']}) WHERE NOT hash(id) % 10 < 3 UNION ALL {sources['update']}")
    native.execute("CHECKPOINT")
    native.execute(f"COPY (SELECT * FROM t) TO '{folder}/final.csv' (HEADER false)")
    load(server, "dup", folder / "final.csv", column_separator=",")

    def measure(query):
        return median_seconds({
            "mow": lambda: server.sql(query.format(t="mow")),
            "dup": lambda: server.sql(query.format(t="dup")),
            "native": lambda: native.execute(query.format(t="t")).fetchall(),
        })

    for title, query in QUERIES.items():
        expected = native.execute(query.format(t="t")).fetchall()
        for name in ("mow", "dup"):
            if not same(expected, server.sql(query.format(t=name))):
                raise RuntimeError(f"'{title}' on {name} differs from DuckDB")
    updated = {title: measure(query) for title, query in QUERIES.items()}
    server.sql("ALTER TABLE mow COMPACT")
    compacted = {title: measure(query) for title, query in QUERIES.items()}
    for title in QUERIES:
        at_once, later = updated[title], compacted[title]
        table.add(f"scan '{title}', 30 % updated", rows / at_once["mow"], "rows/s", "DUPLICATE table", at_once["dup"] / at_once["mow"])
        table.add(f"scan '{title}', compacted", rows / later["mow"], "rows/s", "DUPLICATE table", later["dup"] / later["mow"])
        table.add(f"scan '{title}', compacted, beside DuckDB", rows / later["mow"], "rows/s", "native DuckDB table",
                  later["native"] / later["mow"])
    native.close()


def sysbench(port, user, threads, seconds, action):
    command = ["sysbench", "oltp_point_select", "--mysql-host=127.0.0.1", f"--mysql-port={port}", f"--mysql-user={user}",
               "--mysql-db=sbtest", "--tables=1", f"--table-size={SYSBENCH_ROWS}", f"--threads={threads}", f"--time={seconds}",
               "--percentile=99", action]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout


def point_reads(port, user, threads):
    out = sysbench(port, user, threads, POINT_SECONDS, "run")
    rate = float(re.search(r"queries:\s+\d+\s+\(([\d.]+) per sec", out).group(1))
    p99 = float(re.search(r"99th percentile:\s+([\d.]+)", out).group(1))
    return rate, p99


class MariaDb:
    """A MariaDB server of its own: data and socket in a temporary folder, durable commits."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="freshet-bench-mariadb-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        user = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", "--auth-root-authentication-method=normal",
                        *user], check=True, capture_output=True, timeout=120)
        server = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        self.process = subprocess.Popen(
            [server, "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.folder}/socket", f"--port={self.port}",
             "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=1G", "--innodb-flush-log-at-trx-commit=1", *user],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            try:
                connection = pymysql.connect(unix_socket=f"{self.folder}/socket", user="root")
                break
            except pymysql.Error:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)
        with connection.cursor() as cursor:
            for host in ("127.0.0.1", "localhost"):
                cursor.execute(f"CREATE USER 'bench'@'{host}'")
                cursor.execute(f"GRANT ALL ON *.* TO 'bench'@'{host}'")
            cursor.execute("CREATE DATABASE sbtest")
            cursor.execute("SELECT version()")
            self.version = cursor.fetchone()[0]
        connection.close()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


def measure_point_reads(server, table):
    server.sql("CREATE DATABASE sbtest")
    sysbench(server.mysql_port, "root", 1, 1, "prepare")
    with MariaDb() as mariadb:
        sysbench(mariadb.port, "bench", 1, 1, "prepare")
        for threads in (1, 16):
            ours, our_p99 = point_reads(server.mysql_port, "root", threads)
            theirs, their_p99 = point_reads(mariadb.port, "bench", threads)
            beside = f"MariaDB {mariadb.version.split('-')[0]}"
            table.add(f"sysbench oltp_point_select, {threads} connections", ours, "queries/s", beside, ours / theirs)
            table.add(f"its p99, {threads} connections", our_p99, "ms", beside, our_p99 / their_p99)


def measure_in_process(rows, table):
    binary = ROOT / "build" / "engine_bench"
    out = subprocess.run([binary, str(rows)], check=True, capture_output=True, text=True, timeout=600).stdout
    for line in out.splitlines():
        value, unit, work = line.split("\t")
        table.add(work, float(value), unit)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=3_000_000)
    arguments.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench")
    options = arguments.parse_args()
    table = Table()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="freshet-bench-"))
    # Compaction of the half-updated table would settle it before "at once" is measured.
    server = FreshetServer(folder / "server", {"compaction.dead_fraction": "0.9", "compaction.base_fraction": "1"})
    try:
        sources = generate(folder, options.rows)
        server.start()
        server.sql("CREATE DATABASE bench")
        server.sql("USE bench")
        measure_loads(server, folder, table)
        measure_scans(server, folder, options.rows, sources, table)
        measure_point_reads(server, table)
        measure_in_process(options.rows, table)
    finally:
        if server.is_running():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(table.lines, indent=1))
    (options.out / "results.md").write_text(table.markdown() + "\n")
    print(table.markdown())


if __name__ == "__main__":
    main()
