"""Everything at once: one client upserts as fast as it is answered, one scans, two read rows by key."""
import itertools
import random
import statistics
import threading
import time

from bench.data import ORDERS
from bench.peers.system import SystemFailed
from bench.work import tables
from bench.work.limits import ROUND_TRIP, WHAT

BATCH_ROWS = 10_000
BATCHES = 12
FIRST_BATCH = 600
READERS = 2
SCAN = "SELECT status, count(*), sum(amount) FROM {t} GROUP BY status ORDER BY status"
POINT = "SELECT id, customer, amount, status, created, quantity FROM {{t}} WHERE id = {key}"
STATEMENT_SECONDS = 120


def run(course):
    base, _ = tables.files_of(course, ORDERS)
    batches = [course.data.batch(ORDERS, base.rows, BATCH_ROWS, 90, "zipf", FIRST_BATCH + number) for number in range(BATCHES)]
    figures = {
        "upserts": course.figure("mixed upserts", "mixed load: upserts in batches of 10,000 rows", "rows/s", limit=WHAT["csv_rows"]),
        "scans": course.figure("mixed scans", "mixed load: group by over orders", "queries/s"),
        "points": course.figure("mixed points", f"mixed load: rows by key, {READERS} clients", "queries/s", limit=WHAT["round_trips_1"]),
        "p99": course.figure("mixed points p99", "mixed load: p99 of rows by key", "ms", is_lower_better=True, limit=ROUND_TRIP),
    }
    for system in tables.prepare(course):
        if system.title == "ClickHouse":
            for figure in figures.values():
                figure.left_out[system.title] = "chdb runs one statement at a time"
            continue
        course.attempt(system, lambda system=system: _mix(course, system, batches, base.rows, figures))


def _mix(course, system, batches, keys, figures):
    stopping, errors = threading.Event(), []
    upserts, scans, points = [], [], []

    def client(times, action):
        try:
            connection = system.connect()
            for number in itertools.count():
                if stopping.is_set():
                    break
                begin = time.monotonic()
                action(connection, number)
                times.append(time.monotonic() - begin)
            connection.close()
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)
            stopping.set()

    rng = random.Random(course.data.seed)
    scan = system.read_query(SCAN, "orders")
    works = [(upserts, lambda connection, number: system.upsert(ORDERS, "orders", batches[number % BATCHES], STATEMENT_SECONDS, connection)),
             (scans, lambda connection, _: connection.query(scan, STATEMENT_SECONDS)),
             *[(points, lambda connection, _: connection.query(system.read_query(POINT.format(key=rng.randrange(keys)), "orders")))] * READERS]
    threads = [threading.Thread(target=client, args=work) for work in works]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    stopping.wait(course.sizes.seconds)
    stopping.set()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begin
    if errors:
        raise SystemFailed(str(errors[0]))
    figures["upserts"].add(system.title, len(upserts) * BATCH_ROWS / seconds)
    figures["scans"].add(system.title, len(scans) / seconds)
    figures["points"].add(system.title, len(points) / seconds)
    if len(points) > 1:
        figures["p99"].add(system.title, statistics.quantiles(points, n=100)[98] * 1000)
    course.say(f"  {system.title}: {len(upserts) * BATCH_ROWS / seconds:,.0f} upserts/s, {len(scans) / seconds:.1f} scans/s, "
               f"{len(points) / seconds:,.0f} rows by key/s")
