"""Batches of upserts into tables that have keys already: more or less of them known, drawn evenly or by Zipf's law."""
from bench.course import each_in_turn
from bench.data import ORDERS
from bench.figures import OURS
from bench.work.limits import WHAT

EXISTING_PERCENT = (10, 50, 90)
SPREADS = {"uniform": "uniform keys", "zipf": "Zipf keys"}
LOAD_SECONDS, BATCH_SECONDS = 300, 60
# Peers that load millions of rows in minutes take part up to this table.
KEYS_OF_ALL = 1_000_000
INDEX_METRIC = "freshet_index_resident_bytes"
FAST_LOADERS = ("Freshet", "ClickHouse", "ClickHouse, not synced", "RocksDB")


def run(course):
    for keys in course.sizes.keys:
        _run(course, keys)


def _run(course, keys):
    base = course.data.base(ORDERS, keys)
    systems = [system for system in course.live() if keys <= KEYS_OF_ALL or system.title in FAST_LOADERS]
    resident = {system.title: system.resident_bytes() for system in systems}
    indexed = course.ours().metric(INDEX_METRIC)

    def fill(system):
        system.create(ORDERS, "upserted")
        system.load(ORDERS, "upserted", base, LOAD_SECONDS)

    systems = [system for system in systems if course.attempt(system, lambda system=system: fill(system))]
    _memory(course, systems, keys, resident, indexed)
    applied = {system.title: [base] for system in systems}
    written = {system.title: system.written_bytes() for system in systems}
    number = 0
    for spread, words in SPREADS.items():
        for percent in EXISTING_PERCENT:
            figure = course.figure(f"upsert {keys} {percent} {spread}",
                                   f"upserts of {course.sizes.batch_rows:,} rows into {keys:,} keys, {percent} % exist, {words}", "rows/s",
                                   limit=WHAT["csv_rows"])
            batches = [course.data.batch(ORDERS, keys, course.sizes.batch_rows, percent, spread, number + i)
                       for i in range(course.sizes.rounds)]
            number += len(batches)
            course.race(figure, [(system.title, system, each_in_turn(batches, _upsert(system), applied[system.title])) for system in systems],
                        seconds_max=12)
    _amplification(course, systems, keys, applied, written)
    _check(course, systems, keys, applied)
    for system in systems:
        course.attempt(system, lambda system=system: system.drop("upserted"))


def _upsert(system):
    return lambda file: system.upsert(ORDERS, "upserted", file, BATCH_SECONDS)


def _memory(course, systems, keys, before, indexed):
    figure = course.figure(f"memory {keys}", f"resident memory gained by loading {keys:,} keys", "bytes/key", is_lower_better=True)
    for system in systems:
        figure.add(system.title, max(0, system.resident_bytes() - before[system.title]) / keys)
    figure = course.figure(f"index memory {keys}", f"of it key index and key filter, {keys:,} keys", "bytes/key", is_lower_better=True)
    if OURS not in course.broken:
        # A segment's index is read when something is first read of it.
        course.ours().query("SELECT count(*) FROM upserted WHERE id >= 0", LOAD_SECONDS)
        figure.add(OURS, (course.ours().metric(INDEX_METRIC) - indexed) / keys)


def _amplification(course, systems, keys, applied, before):
    figure = course.figure(f"write amplification {keys}", f"written to disk for each byte of upserts into {keys:,} keys", "bytes/byte",
                           is_lower_better=True)
    for system in systems:
        loaded = sum(file.bytes for file in applied[system.title][1:])
        if loaded and system.title not in course.broken:
            figure.add(system.title, (system.written_bytes() - before[system.title]) / loaded)


def _check(course, systems, keys, applied):
    """Each table against what DuckDB computes from the files that it was given."""
    expected = {}
    for system in systems:
        if system.title in course.broken:
            continue
        files = applied[system.title]
        if len(files) not in expected:
            expected[len(files)] = course.data.expected(ORDERS, files)
        wanted = expected[len(files)]

        def check(system=system, wanted=wanted):
            if not system.has_sql:
                rows = [system.count("upserted", BATCH_SECONDS)]
                wanted = [(wanted[0][0], wanted[0][3])]
            else:
                rows = system.query(system.read_query(ORDERS.checksum(), "upserted"), BATCH_SECONDS)
            course.agree(f"rows after upserts into {keys:,} keys", [("DuckDB over the files", wanted), (system.title, rows)])
        course.attempt(system, check)
