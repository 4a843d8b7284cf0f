"""Scans beside native DuckDB and beside a DUPLICATE table: the flights data and the rows of compare.py.

    PYTHONPATH=tests .deps/venv/bin/python tests/bench/scans.py [--repeats N] [--only TEXT] [--data FOLDER]

Each query runs on a table of DuckDB's own, a DUPLICATE table, a UNIQUE table of which 30 % of the rows were updated and that
was not compacted since, and the same compacted; all have the same rows, are warm, and take turns. Prints the median time of
DuckDB's, and how many times as fast ours are: in time, and in brackets in CPU time of all threads, which a busy machine
disturbs less. Ours come through the MySQL protocol. `--data` keeps the tables there for the next run.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import tempfile
import time

import duckdb

from compare import COLUMNS, QUERIES, SELECT_ROW, load, same
from sizes import FLIGHT_COLUMNS
from support.freshet_server import ROOT, FreshetServer

FLIGHT = ("file_row_number AS flight_id, date, {delay} AS delay, distance, origin, destination FROM "
          f"read_parquet('{ROOT}/.deps/flights/flights-3m.parquet', file_row_number = true)")
FLIGHT_QUERIES = {
    "sums": "SELECT sum(delay), sum(distance), max(flight_id) FROM {t}",
    "long delays": "SELECT count(*), avg(distance) FROM {t} WHERE delay > 60",
    "few long delays": "SELECT count(*), avg(distance), min(date) FROM {t} WHERE delay > 400",
    "a month": "SELECT count(*), avg(delay) FROM {t} WHERE date >= '2001-02-01' AND date < '2001-03-01'",
    "an airport": "SELECT count(*), avg(delay), max(distance) FROM {t} WHERE origin = 'SFO'",
    "by origin": "SELECT origin, count(*), avg(delay) FROM {t} GROUP BY origin ORDER BY origin",
    "routes": "SELECT origin, destination, count(*) AS n FROM {t} GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT 10",
    "by day": "SELECT date_trunc('day', date) AS d, sum(distance), max(delay) FROM {t} GROUP BY d ORDER BY d",
    "latest": "SELECT * FROM {t} ORDER BY date DESC, flight_id LIMIT 20",
}
ORDER_QUERIES = {
    **QUERIES,
    "sums": "SELECT sum(id), sum(customer), sum(amount), sum(quantity) FROM {t}",
    "a status": "SELECT count(*), sum(amount) FROM {t} WHERE status = 'paid'",
    "a customer": "SELECT count(*), sum(amount) FROM {t} WHERE customer = 4711",
    "few large": "SELECT count(*), min(created), max(status) FROM {t} WHERE amount > 9950",
}


class Side:
    """One way of running queries: its times, and the CPU times of its process."""

    def __init__(self, run, pid):
        self.run, self.pid = run, pid
        self.seconds, self.cpu_seconds = [], []

    def cpu_now(self):
        tasks = pathlib.Path(f"/proc/{self.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def measure(self):
        cpu, begin = self.cpu_now(), time.monotonic()
        self.run()
        self.seconds.append(time.monotonic() - begin)
        self.cpu_seconds.append(self.cpu_now() - cpu)


def compare(sides, repeats):
    """Median seconds and CPU seconds of each side; they take turns, after one round that is not counted."""
    for round_number in range(repeats + 1):
        for side in sides.values():
            side.measure()
            if round_number == 0:
                side.seconds, side.cpu_seconds = [], []
    return {name: (statistics.median(side.seconds), statistics.median(side.cpu_seconds)) for name, side in sides.items()}


def make_table(server, native, folder, name, definition, key, base, updated):
    """`base` and `updated`: the rows of a table before and after, as SELECTs with the key `key`."""
    native.execute(f"CREATE TABLE {name} AS SELECT * FROM ({base}) WHERE hash({key}) % 10 >= 3 UNION ALL "
                   f"SELECT * FROM ({updated}) WHERE hash({key}) % 10 < 3")
    native.execute("CHECKPOINT")
    native.execute(f"COPY ({base}) TO '{folder}/base.csv' (HEADER false)")
    native.execute(f"COPY (SELECT * FROM ({updated}) WHERE hash({key}) % 10 < 3) TO '{folder}/update.csv' (HEADER false)")
    native.execute(f"COPY {name} TO '{folder}/final.csv' (HEADER false)")
    for table, model, files in ((f"{name}_dup", "DUPLICATE", ["final"]), (f"{name}_mow", "UNIQUE", ["base", "update"]),
                                (f"{name}_compacted", "UNIQUE", ["base", "update"])):
        server.sql(f"CREATE TABLE {table} ({definition}) {model} KEY({key}) DISTRIBUTED BY HASH({key}) BUCKETS 2")
        for file in files:
            load(server, table, folder / f"{file}.csv", column_separator=",")
    server.sql(f"ALTER TABLE {name}_compacted COMPACT")


def make_tables(server, native, folder, rows):
    server.sql("CREATE DATABASE IF NOT EXISTS bench")
    server.sql("USE bench")
    make_table(server, native, folder, "orders", COLUMNS, "id",
               f"SELECT {SELECT_ROW.format(id='range', salt=0)} FROM range({rows})",
               f"SELECT {SELECT_ROW.format(id='range', salt=2)} FROM range({rows})")
    make_table(server, native, folder, "flights", FLIGHT_COLUMNS, "flight_id", "SELECT " + FLIGHT.format(delay="delay"),
               "SELECT " + FLIGHT.format(delay="(delay * 7919 + 13) % 600 - 60"))


def run(server, native, repeats, only):
    print("| query | DuckDB, ms | DUPLICATE | 30 % updated | compacted | 30 % updated beside DUPLICATE |")
    print("| --- | --- | --- | --- | --- | --- |")
    for table, queries in (("orders", ORDER_QUERIES), ("flights", FLIGHT_QUERIES)):
        for title, query in queries.items():
            if only not in f"{table}: {title}":
                continue
            expected = native.execute(query.format(t=table)).fetchall()
            sides = {"native": Side(lambda: native.execute(query.format(t=table)).fetchall(), os.getpid())}
            for name in ("dup", "mow", "compacted"):
                ours = query.format(t=f"{table}_{name}")
                if not same(expected, server.sql(ours)):
                    raise RuntimeError(f"'{title}' on {table}_{name} differs from DuckDB")
                sides[name] = Side(lambda ours=ours: server.sql(ours), server.process.pid)
            medians = compare(sides, repeats)

            def ratio(ours, beside):
                return " ".join(f"{pattern.format(medians[beside][i] / medians[ours][i])}" for i, pattern in enumerate(("{:.2f}", "({:.2f})")))

            print(f"| {table}: {title} | {medians['native'][0] * 1000:.2f} | {ratio('dup', 'native')} | {ratio('mow', 'native')} | "
                  f"{ratio('compacted', 'native')} | {ratio('mow', 'dup')} |", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=3_000_000, help="rows of orders")
    arguments.add_argument("--repeats", type=int, default=15)
    arguments.add_argument("--only", default="", help="queries whose title has this text")
    arguments.add_argument("--data", type=pathlib.Path, help="keeps the tables there, or finds them there")
    options = arguments.parse_args()
    folder = options.data or pathlib.Path(tempfile.mkdtemp(prefix="freshet-scans-"))
    folder.mkdir(parents=True, exist_ok=True)
    finished = folder / "finished"
    # Compaction must not settle the tables that are measured as they are.
    server = FreshetServer(folder / "server", {"compaction.dead_fraction": "0.9", "compaction.base_fraction": "1", "storage.memtable_bytes": "1GiB"}).start()
    try:
        with duckdb.connect(str(folder / "native.duckdb")) as native:
            native.execute(f"SET threads = {os.cpu_count()}")
            if not finished.exists():
                make_tables(server, native, folder, options.rows)
                finished.touch()
            server.sql("USE bench")
            run(server, native, options.repeats, options.only)
    finally:
        server.stop()
        if options.data is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
