"""The tables that are scanned, read by key, and opened again: orders and flights, 30 % of their rows replaced since they were
loaded, and a DUPLICATE table beside with the same rows. Made once in a run for each system."""
from bench.course import FAILURES
from bench.figures import OURS
from bench.peers.freshet_peer import KEEP_UPDATES
from bench.work.queries import SETS

UPDATED_PERCENT = 30
LIMIT_SECONDS = 300
SALT = 2


def files_of(course, dataset):
    """The rows first loaded, and those that replace some of them."""
    rows = course.sizes.scan_rows
    return course.data.base(dataset, rows), course.data.some(dataset, rows, UPDATED_PERCENT, SALT)


def final_of(course, dataset):
    """The rows as they are at the end, in one file."""
    base, update = files_of(course, dataset)
    return course.data.merged(dataset, base, update, f"{UPDATED_PERCENT}-{SALT}")


def prepare(course):
    """Fills the tables of each system that has none; those that have them."""
    ready = []
    for system in course.live("RocksDB", "ClickHouse, not synced"):
        if system.title in course.prepared:
            ready.append(system)
            continue
        try:
            _fill(course, system)
        except FAILURES as error:
            course.fail(system, error)
            continue
        course.prepared.add(system.title)
        ready.append(system)
        course.say(f"  {system.title} has its tables")
    return ready


def _fill(course, system):
    if system.title == OURS:
        system.restart(KEEP_UPDATES)
    for dataset, table, _ in SETS:
        base, update = files_of(course, dataset)
        system.create(dataset, table)
        if system.title == "ClickHouse":
            system.merge_in_background(table, False)
        if system.title == "DuckDB":
            # An upserted table of DuckDB scans as any other, and upserting a third of it takes minutes.
            system.load(dataset, table, final_of(course, dataset), LIMIT_SECONDS)
        else:
            system.load(dataset, table, base, LIMIT_SECONDS)
            system.upsert(dataset, table, update, LIMIT_SECONDS)
        if system.title == OURS:
            system.create(dataset, f"{table}_duplicate", keyed=False)
            system.load(dataset, f"{table}_duplicate", final_of(course, dataset), LIMIT_SECONDS)
        elif system.title != "ClickHouse":
            system.settle(table, LIMIT_SECONDS)


def settle(course, systems):
    """Merges what the updates have left."""
    for system in systems:
        if system.title in (OURS, "ClickHouse"):
            for _, table, _ in SETS:
                if system.title == "ClickHouse":
                    course.attempt(system, lambda system=system, table=table: system.merge_in_background(table, True))
                course.attempt(system, lambda system=system, table=table: system.settle(table, LIMIT_SECONDS))
    if OURS not in course.broken:
        course.attempt(course.ours(), course.ours().restart)
