"""Many small commits of upserts, each durable and visible before its client sends the next: bodies of 10 KB to 10 MB, few and
many clients, with and without group commit; beside them the same rows as one statement of each peer."""
import random
import statistics
import subprocess
import threading
import time

from bench.data import ORDERS, ROOT
from bench.figures import OURS
from bench.peers.system import SystemFailed
from bench.work.limits import SYNCED_APPENDS, WHAT

PROGRAM = ROOT / "build" / "small_loads_client"
KEYS = 200_000
BODIES = {"10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000, "10 MB": 10_000_000}
CLIENTS = (1, 8, 32)
MODES = {"off_mode": "", "sync_mode": ", group commit"}
PEER_ROWS = 200  # About 10 KB.
PEER_CLIENTS = {"DuckDB": (1,), "ClickHouse": (1,), "ClickHouse, not synced": (1,), "MariaDB": (1, 8), "PostgreSQL": (1, 8)}
GRACE_SECONDS = 60
STATEMENTS = 16  # of each client, made before the clock starts


def run(course):
    base = course.data.base(ORDERS, KEYS)
    systems = [system for system in course.live("RocksDB") if course.attempt(system, lambda system=system: _fill(system, base))]
    bodies = {"10 KB": 10_000, "1 MB": 1_000_000} if course.sizes.is_quick else BODIES
    for words, size in bodies.items():
        for clients in CLIENTS:
            for mode, mode_words in MODES.items():
                _measure(course, systems, words, size, clients, mode, mode_words)
    _check(course, systems)
    for system in systems:
        course.attempt(system, lambda system=system: system.drop("small"))


def _fill(system, base):
    system.create(ORDERS, "small")
    system.load(ORDERS, "small", base, GRACE_SECONDS)


def _measure(course, systems, words, size, clients, mode, mode_words):
    title = f"loads of {words}, {clients} clients{mode_words}"
    name = f"small {words} {clients} {mode}"
    figure = course.figure(name, title, "loads/s", limit=SYNCED_APPENDS if clients == 1 else None)
    p99 = course.figure(f"{name} p99", f"their p99, {words}, {clients} clients{mode_words}", "ms", is_lower_better=True,
                        limit=WHAT["sync_p99"])

    def ours():
        load = subprocess.run([PROGRAM, str(course.ours().server.load_port), "bench", "small", str(clients), str(course.sizes.seconds / 3),
                               str(size), str(KEYS), mode], capture_output=True, text=True, timeout=GRACE_SECONDS)
        if load.returncode:
            raise SystemFailed(load.stderr[-500:])
        loads, _, seconds, _, late = load.stdout.split()
        p99.add(OURS, late)
        return int(loads) / float(seconds)

    def of_peer(system):
        rate, late = _statements(system, clients, course.sizes.seconds / 3)
        p99.add(system.title, late)
        return rate

    runs = [(OURS, course.ours(), ours)]
    if words == "10 KB" and mode == "off_mode":
        runs += [(system.title, system, lambda system=system: of_peer(system)) for system in systems
                 if clients in PEER_CLIENTS.get(system.title, ())]
    course.race(figure, runs, rounds=min(2, course.sizes.rounds), seconds_max=course.sizes.seconds)


def _statement(system, rng):
    """One statement that upserts as many rows as a body of 10 KB has; a key comes once, and in order: in any
    other, peers that lock rows run into deadlocks."""
    keys = sorted(rng.sample(range(KEYS), PEER_ROWS))
    rows = ",".join(f"({key},{rng.randrange(100000)},{rng.randrange(10000)}.{rng.randrange(100):02d},'paid','2026-03-14 12:00:00',"
                    f"{rng.randrange(50)})" for key in keys)
    if system.title == "MariaDB":
        return f"REPLACE INTO small VALUES {rows}"
    if system.title == "DuckDB":
        return f"INSERT OR REPLACE INTO small VALUES {rows}"
    if system.title == "PostgreSQL":
        values = ", ".join(f"{name} = excluded.{name}" for name in ORDERS.names[1:])
        return f"INSERT INTO small VALUES {rows} ON CONFLICT (id) DO UPDATE SET {values}"
    return f"INSERT INTO small VALUES {rows}"


def _statements(system, clients, seconds):
    """Statements a second of clients at once, and the 99th percentile of one in milliseconds."""
    times, errors = [], []
    ready = threading.Barrier(clients)

    def run_client(number):
        try:
            rng = random.Random(number)
            statements = [_statement(system, rng) for _ in range(STATEMENTS)]
            client = system.connect()
            ready.wait(GRACE_SECONDS)
            end = time.monotonic() + seconds
            count = 0
            while (begin := time.monotonic()) < end:
                count += 1
                try:
                    client.query(statements[count % STATEMENTS], GRACE_SECONDS)
                except SystemFailed as error:
                    if "deadlock" in str(error).lower():
                        continue  # to be sent again, as its server says
                    raise
                times.append(time.monotonic() - begin)
            client.close()
        except (SystemFailed, threading.BrokenBarrierError) as error:
            errors.append(error)
            ready.abort()

    threads = [threading.Thread(target=run_client, args=(number,)) for number in range(clients)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise SystemFailed(str(errors[0]))
    return len(times) / (time.monotonic() - begin), statistics.quantiles(times, n=100)[98] * 1000 if len(times) > 1 else times[0] * 1000


def _check(course, systems):
    """Upserts of known keys never change how many there are."""
    for system in systems:
        if system.title in course.broken:
            continue

        def check(system=system):
            rows = system.query(system.read_query("SELECT count(*), min(id), max(id) FROM {t}", "small"), GRACE_SECONDS)
            course.agree("keys after small loads", [("all keys", [(KEYS, 0, KEYS - 1)]), (system.title, rows)])
        course.attempt(system, check)
