"""Point reads, loads and full scans beside each other, and each alone: who slows whom down.

  scripts/bench isolation [--rows N] [--seconds S] [--rounds N] [--cycles N] [--scans N]

Point reads come at a steady rate, so that they are no load of their own, and are timed twice: on the wire (wire.py), which is
what the server needs, and by sysbench, whose threads wait for the same processors as the server's and tell of that too; scans come from as many clients as are
asked for, each with one query after the other, all of the whole table; loads are Stream Loads of a batch, one after the other,
that update rows of another table.

A round times point reads, idle and beside scans, and then goes through some cycles: a short while of loads, one of scans, one of
both, each with the same point reads, so that what differs is who else is there. What a shared machine gives changes from minute to
minute; short whiles in turn have the same of it. The ratios are of all that was done in the cycles of all rounds, each with its
standard error; p99s are medians of the rounds. Exit code 1 when a goal is missed.
"""
import argparse
import concurrent.futures
import math
import multiprocessing
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import duckdb

from bench import wire
from support.freshet_server import FreshetServer

COLUMNS = "id BIGINT NOT NULL, customer INT, amount DECIMAL(10,2), status VARCHAR(16), created DATETIME, quantity INT"
SELECT_ROW = """{id} AS id, (hash({id} + {salt}) % 100000)::INT AS customer, ((hash({id} * 3 + {salt}) % 1000000) / 100)::DECIMAL(10,2) AS amount,
  ['new', 'paid', 'sent', 'done', 'lost'][1 + (hash({id} + 7 + {salt}) % 5)::INT] AS status,
  TIMESTAMP '2026-01-01 00:00:00' + INTERVAL 1 SECOND * (hash({id} + 11) % 31536000)::INT AS created,
  (hash({id} + 13 + {salt}) % 50)::INT AS quantity"""
CYCLE_SECONDS = 2
WARM_UP_SECONDS = 0.5
SCAN = "SELECT status, count(*), sum(amount), max(customer) FROM bench.facts GROUP BY status"
POINT_ROWS = 100_000
POINT_RATE = 200
POINT_CONNECTIONS = 4
LOAD_ROWS = 100_000
GOALS = {"point p99 on the wire, times the idle one": ("<=", 3), "point p99 on the wire, ms": ("<=", 5),
         "point p99 by sysbench, times the idle one": ("<=", 3), "point p99 by sysbench, ms": ("<=", 5),
         "loads beside, of alone": (">=", 0.7), "scans beside, of alone": (">=", 0.5)}


def sysbench(server, seconds, action, *options):
    command = ["sysbench", "oltp_point_select", "--mysql-host=127.0.0.1", f"--mysql-port={server.mysql_port}",
               "--mysql-user=root", "--mysql-db=sbtest", "--tables=1", f"--table-size={POINT_ROWS}", f"--time={seconds}",
               "--percentile=99", *options, action]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


class Background:
    """Clients that do a thing again and again; `count` of how often they did it. They are a process of their own: none waits
    for the interpreter of another."""

    def __init__(self, work, clients):
        fork = multiprocessing.get_context("fork")
        self.stopped, self.counter = fork.Event(), fork.Value("Q", 0)
        self.process = fork.Process(target=self._run, args=(work, clients))

    @property
    def count(self):
        return self.counter.value

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, kind, *_):
        self.stopped.set()
        self.process.join()
        if kind is None and self.process.exitcode != 0:
            raise RuntimeError("a client failed; its error is above")

    def _run(self, work, clients):
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            for done in [pool.submit(self._repeat, work) for _ in range(clients)]:
                done.result()

    def _repeat(self, work):
        while not self.stopped.is_set():
            work()
            with self.counter.get_lock():
                self.counter.value += 1


class Bench:
    def __init__(self, server, folder, arguments):
        self.server, self.arguments, self.folder = server, arguments, folder
        self.batches = [self._csv("batch", 500_000, seed) for seed in range(4)]
        self.next_batch = 0

    def _csv(self, name, largest, seed):
        path = f"{self.folder}/{name}{seed}.csv"
        select = SELECT_ROW.format(id="i", salt=seed)
        duckdb.execute(f"COPY (SELECT {select} FROM (SELECT (hash(r + {seed * 1_000_003}) % {largest})::BIGINT AS i "
                       f"FROM range({LOAD_ROWS}) t(r))) TO '{path}' (HEADER false)")
        return pathlib.Path(path).read_bytes()

    def prepare(self):
        server = self.server
        server.sql("CREATE DATABASE bench")
        server.sql("CREATE DATABASE sbtest")
        sysbench(server, 1, "prepare")
        for table in ("facts", "updated"):
            server.sql(f"CREATE TABLE bench.{table} ({COLUMNS}) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
        path = f"{self.folder}/facts.csv"
        duckdb.execute(f"COPY (SELECT {SELECT_ROW.format(id='r', salt=0)} FROM range({self.arguments.rows}) t(r)) TO '{path}' "
                       "(HEADER false)")
        with open(path, "rb") as file:
            server.load("bench", "facts", iter(lambda: file.read(1 << 20), b""), column_separator=",")
        for _ in range(3):
            self.load()
            self.scan()

    def load(self):
        batch = self.batches[self.next_batch % len(self.batches)]
        self.next_batch += 1
        self.server.load("bench", "updated", batch, column_separator=",")

    def scan(self):
        assert len(self.server.sql(SCAN)) == 5

    def scans(self):
        return Background(self.scan, self.arguments.scans)

    def loads(self):
        return Background(self.load, 1)

    def points_on_wire(self, seconds):
        return wire.p99_of_point_reads(self.server, "sbtest.sbtest1", POINT_ROWS, POINT_RATE, seconds)

    def points(self, when):
        """p99 in milliseconds, on the wire and by sysbench."""
        seconds = self.arguments.seconds
        on_wire = self.points_on_wire(seconds)
        out = sysbench(self.server, seconds, "run", f"--rate={POINT_RATE}", f"--threads={POINT_CONNECTIONS}")
        by_sysbench = float(re.search(r"99th percentile:\s+([\d.]+)", out).group(1))
        return {f"point p99 on the wire {when}, ms": on_wire, f"point p99 by sysbench {when}, ms": by_sysbench}

    def beside_points(self, *backgrounds):
        """How often a second each of them is done with its work while all of them and point reads run, and these reads' p99."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            points = pool.submit(self.points_on_wire, CYCLE_SECONDS + WARM_UP_SECONDS)
            time.sleep(WARM_UP_SECONDS)
            before, begin = [background.count for background in backgrounds], time.monotonic()
            time.sleep(CYCLE_SECONDS)
            took = time.monotonic() - begin
            return [(background.count - count) / took for background, count in zip(backgrounds, before)], points.result()

    def round(self):
        figures = self.points("idle")
        with self.scans():
            time.sleep(1)
            return figures | self.points("beside scans")

    def cycle(self):
        with self.loads() as loads:
            [loads_alone], _ = self.beside_points(loads)
        with self.scans() as scans:
            [scans_alone], _ = self.beside_points(scans)
        with self.scans() as scans, self.loads() as loads:
            [scans_beside, loads_beside], p99 = self.beside_points(scans, loads)
        return {"loads alone, rows/s": loads_alone * LOAD_ROWS, "loads beside, rows/s": loads_beside * LOAD_ROWS,
                "scans alone, queries/s": scans_alone, "scans beside, queries/s": scans_beside,
                "point p99 on the wire beside both, ms": p99}


def show(name, figures):
    print(f"{name}: " + ", ".join(f"{what} {value:,.2f}" for what, value in figures.items()), flush=True)


def medians(measured):
    return {name: statistics.median(figures[name] for figures in measured) for name in measured[0]}


def share(cycles, beside, alone):
    """What was done beside others of what was done alone, and the standard error of that ratio."""
    pairs = [(cycle[beside], cycle[alone]) for cycle in cycles]
    whole = sum(alone for _, alone in pairs)
    ratio = sum(beside for beside, _ in pairs) / whole
    deviation = statistics.stdev(beside - ratio * alone for beside, alone in pairs) if len(pairs) > 1 else math.inf
    return ratio, deviation * math.sqrt(len(pairs)) / whole


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=3_000_000)
    arguments.add_argument("--seconds", type=int, default=8)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--cycles", type=int, default=10, help="of each round")
    arguments.add_argument("--scans", type=int, default=8)
    arguments = arguments.parse_args()
    folder = tempfile.mkdtemp(prefix="freshet-bench-isolation-")
    server = FreshetServer(folder).start()
    try:
        bench = Bench(server, folder, arguments)
        bench.prepare()
        rounds, cycles = [], []
        for number in range(1, arguments.rounds + 1):
            rounds.append(bench.round())
            show(f"round {number}", rounds[-1])
            for _ in range(arguments.cycles):
                cycles.append(bench.cycle())
                show("  cycle", cycles[-1])
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    median = medians(rounds) | medians(cycles)
    show("medians", median)
    reached = {}
    for how in ("on the wire", "by sysbench"):
        beside = median[f"point p99 {how} beside scans, ms"]
        reached[f"point p99 {how}, times the idle one"] = beside / median[f"point p99 {how} idle, ms"]
        reached[f"point p99 {how}, ms"] = beside
    for name, unit in (("loads", "rows/s"), ("scans", "queries/s")):
        ratio, error = share(cycles, f"{name} beside, {unit}", f"{name} alone, {unit}")
        reached[f"{name} beside, of alone"] = ratio
        print(f"{name} beside, of alone: standard error {error:.3f}")
    missed = False
    for name, value in reached.items():
        sign, goal = GOALS[name]
        holds = value <= goal if sign == "<=" else value >= goal
        missed |= not holds
        print(f"{name}: {value:.2f} (goal {sign} {goal}){'' if holds else '  MISSED'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
