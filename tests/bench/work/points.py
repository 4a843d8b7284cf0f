"""Point reads: sysbench's oltp_point_select over both wire protocols, many keys at once, and reads after a start with no page of
the tables in memory. RocksDB answers in process: what a store without SQL and sockets does."""
import random
import re
import statistics
import subprocess
import time

from bench.course import seconds_of
from bench.data import FLIGHT_ROWS, ORDERS, ROOT
from bench.figures import OURS
from bench.peers.system import SystemFailed
from bench.work import tables
from bench.work.limits import ROUND_TRIP, WHAT
from support.postgres_server import USER as POSTGRES_USER

SYSBENCH_ROWS = 100_000
SYSBENCH_THREADS = (1, 16, 64)
MANY_KEYS = 1000
COLD_READS = 200
GRACE_SECONDS = 120


def run(course):
    _sysbench(course)
    ready = tables.prepare(course)
    _many_keys(course, ready)
    _cold(course, ready)
    _in_process(course)


def _command(system, threads, seconds, action):
    if system.title == "PostgreSQL":
        where = ["--db-driver=pgsql", "--pgsql-host=127.0.0.1", f"--pgsql-port={system.server.port}", f"--pgsql-user={POSTGRES_USER}",
                 "--pgsql-db=sbtest"]
    else:
        port, user = (system.server.mysql_port, "root") if system.title == OURS else (system.port, "bench")
        where = ["--mysql-host=127.0.0.1", f"--mysql-port={port}", f"--mysql-user={user}", "--mysql-db=sbtest"]
    return ["sysbench", "oltp_point_select", *where, "--tables=1", f"--table-size={SYSBENCH_ROWS}", f"--threads={threads}",
            f"--time={seconds}", "--percentile=99", action]


def _run_sysbench(system, threads, seconds, action):
    done = subprocess.run(_command(system, threads, seconds, action), capture_output=True, text=True, timeout=seconds + GRACE_SECONDS)
    if done.returncode:
        raise SystemFailed(f"sysbench: {(done.stdout + done.stderr)[-500:]}")
    return done.stdout


def _sysbench(course):
    systems = []
    for system in course.live():
        if system.title not in (OURS, "MariaDB", "PostgreSQL"):
            continue
        if system.title == OURS:
            course.attempt(system, lambda system=system: system.query("CREATE DATABASE IF NOT EXISTS sbtest"))
        if course.attempt(system, lambda system=system: _run_sysbench(system, 1, 1, "prepare")):
            systems.append(system)
    store = course.systems.get("RocksDB")
    stored = store is not None and store.title not in course.broken and course.attempt(store, lambda: _fill_store(course, store))
    seconds = max(2, round(course.sizes.seconds))
    for threads in SYSBENCH_THREADS:
        figure = course.figure(f"sysbench {threads}", f"sysbench oltp_point_select, {threads} connections", "queries/s",
                               limit=WHAT[f"round_trips_{threads}"])
        p99 = course.figure(f"sysbench {threads} p99", f"its p99, {threads} connections", "ms", is_lower_better=True, limit=ROUND_TRIP)

        def measure(system, threads=threads, p99=p99):
            out = _run_sysbench(system, threads, seconds, "run")
            p99.add(system.title, re.search(r"99th percentile:\s+([\d.]+)", out).group(1))
            return float(re.search(r"queries:\s+\d+\s+\(([\d.]+) per sec", out).group(1))

        def measure_store(threads=threads, p99=p99):
            rate, late = store.random_gets("points", SYSBENCH_ROWS, threads, seconds / 2)
            p99.add(f"{store.title}, in process", late)
            return rate

        runs = [(system.title, system, lambda system=system: measure(system)) for system in systems]
        if stored:
            runs.append((f"{store.title}, in process", store, measure_store))
        course.race(figure, runs, rounds=min(2, course.sizes.rounds), seconds_max=3 * seconds)
    if stored:
        course.attempt(store, lambda: store.drop("points"))


def _fill_store(course, store):
    store.create(ORDERS, "points")
    store.load(ORDERS, "points", course.data.base(ORDERS, SYSBENCH_ROWS), GRACE_SECONDS)
    store.settle("points", GRACE_SECONDS)


def _key_of(row):
    return int(row[0])


def _one_row(key):
    return f"SELECT flight_id, date, delay, distance, origin, destination FROM {{t}} WHERE flight_id = {key}"


def _many_keys(course, systems):
    figure = course.figure("many keys", f"{MANY_KEYS:,} random flights by one IN (...), warm", "ms", is_lower_better=True,
                           limit=ROUND_TRIP)
    single = course.figure("one key", "one random flight by key, warm, text protocol", "ms", is_lower_better=True, limit=ROUND_TRIP)
    rng = random.Random(course.data.seed)
    keys = rng.sample(range(course.sizes.scan_rows), MANY_KEYS)
    many = f"SELECT flight_id, delay, origin FROM {{t}} WHERE flight_id IN ({', '.join(map(str, keys))})"
    runs, ones = [], []
    answers = []
    for system in systems:
        query = system.read_query(many, "flights")
        if not course.attempt(system, lambda system=system, query=query: answers.append((system.title, sorted(system.query(query), key=_key_of)))):
            continue
        runs.append((system.title, system, lambda system=system, query=query: seconds_of(lambda: system.query(query)) * 1000))
        texts = [system.read_query(_one_row(key), "flights") for key in keys[:COLD_READS]]
        ones.append((system.title, system, lambda system=system, texts=texts: statistics.median(
            seconds_of(lambda text=text: system.query(text)) for text in texts) * 1000))
    if answers:
        course.agree("many flights by key", answers)
    course.race(figure, runs, rounds=course.sizes.rounds * 3, seconds_max=3)
    course.race(single, ones, seconds_max=5)


def _cold(course, systems):
    """The first reads after a start, when files are on disk alone."""
    figure = course.figure("cold key", f"one flight by key after a start, files out of memory, median of {COLD_READS}", "ms", is_lower_better=True,
                           limit=ROUND_TRIP)
    worst = course.figure("cold key p99", "its p99", "ms", is_lower_better=True)
    rng = random.Random(course.data.seed + 1)
    keys = [rng.randrange(course.sizes.scan_rows) for _ in range(COLD_READS)]

    def read(system):
        system.stop()
        system.forget_file_cache()
        system.start()
        begin = time.monotonic()
        times = []
        for key in keys:
            times.append(seconds_of(lambda key=key: system.query(system.read_query(_one_row(key), "flights"))) * 1000)
            if time.monotonic() - begin > 10:
                break
        if len(times) > 1:
            worst.add(system.title, statistics.quantiles(times, n=100)[98])
        return statistics.median(times)

    course.race(figure, [(system.title, system, lambda system=system: read(system)) for system in systems], rounds=1)


def _in_process(course):
    """Freshet's storage without sockets and SQL (build/engine_bench)."""
    out = subprocess.run([ROOT / "build" / "engine_bench", str(max(course.sizes.keys))], check=True, capture_output=True, text=True,
                         timeout=GRACE_SECONDS).stdout
    for line in out.splitlines():
        value, unit, work = line.split("\t")
        figure = course.figure(f"engine {work}", work, unit, is_lower_better=unit in ("ms", "bytes/key"),
                               limit=WHAT["sync_median"] if work.endswith("visible, median") else None)
        figure.add(OURS, value)
