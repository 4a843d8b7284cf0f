"""Scans and aggregations of tables of which 30 % of the rows were replaced: at once, and when all has been merged; and while more
updates come in. Warm, over each system's own client, and CPU time beside for the two that share DuckDB's execution."""
import statistics
import threading
import time

from bench.course import seconds_of
from bench.data import ORDERS
from bench.figures import OURS
from bench.peers.system import SystemFailed
from bench.work import tables
from bench.work.limits import COLUMN_COPIED
from bench.work.queries import SETS

QUERY_SECONDS = 15
FINAL, PLAIN = "ClickHouse", "ClickHouse, no FINAL"
DUPLICATE = "Freshet, DUPLICATE table"
SHARED_EXECUTION = (OURS, DUPLICATE, "DuckDB")  # They differ in what is below DuckDB's operators.
MEANWHILE_ROWS = 10_000
MEANWHILE_EVERY_SECONDS = 0.25
MEANWHILE_QUERIES = ("group by status", "top customers", "a status", "by month")
MEANWHILE_FILES = 12


def run(course):
    systems = tables.prepare(course)
    expected = _expected(course)
    _race_all(course, systems, expected, "updated", "30 % updated", course.sizes.rounds)
    tables.settle(course, systems)
    systems = [system for system in systems if system.title in (OURS, "DuckDB", "ClickHouse") and system.title not in course.broken]
    _race_all(course, systems, expected, "merged", "merged", course.sizes.rounds)
    _meanwhile(course)


def _expected(course):
    answers = {}
    data = course.data
    for dataset, table, queries in SETS:
        final = tables.final_of(course, dataset)
        data.duckdb.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS FROM read_csv('{final.path}', header = false, "
                            f"columns = {data.columns_clause(dataset)})")
        for title, sql in queries.items():
            plain = sql.replace("MONTH_OF(", "date_trunc('month', ").replace("DAY_OF(", "date_trunc('day', ")
            answers[table, title] = data.duckdb.execute(plain.format(t=table)).fetchall()
        data.duckdb.execute(f"DROP TABLE {table}")
    return answers


def _contestants(systems, table, sql):
    """(title, system, the query in its words)"""
    found = []
    for system in systems:
        if system.title == "ClickHouse":
            found.append((FINAL, system, system.read_query(sql, table)))
            found.append((PLAIN, system, system.read_plain(sql, table)))
            continue
        found.append((system.title, system, system.read_query(sql, table)))
        if system.title == OURS:
            found.append((DUPLICATE, system, system.read_query(sql, f"{table}_duplicate")))
    return found


def _run_query(system, query, cpu):
    """Milliseconds of one run; its CPU seconds go into `cpu`."""
    before = system.cpu_seconds()
    seconds = seconds_of(lambda: system.query(query, QUERY_SECONDS))
    cpu.append(max(1e-6, system.cpu_seconds() - before))
    return seconds * 1000


def _race_all(course, systems, expected, state, words, rounds):
    cpu_medians = {}
    for dataset, table, queries in SETS:
        for title, sql in queries.items():
            cpu = {}
            contestants = [one for one in _contestants(systems, table, sql) if one[1].title not in course.broken]
            figure = course.figure(f"scan {state} {table} {title}", f"{table}: {title}, {words}", "ms", is_lower_better=True,
                                   limit=COLUMN_COPIED)
            able = []
            for who, system, query in contestants:
                try:
                    rows = system.query(query, QUERY_SECONDS)
                except SystemFailed as error:
                    # One query that takes too long is no reason to leave out the others.
                    figure.left_out[who] = str(error)[:120]
                    system.forget_client()
                    continue
                if not (who == PLAIN and state == "updated"):  # It sees several rows of a key then, and is not wrong to.
                    course.agree(f"{table}: {title}", [("DuckDB over the files", expected[table, title]), (who, rows)])
                able.append((who, system, lambda who=who, system=system, query=query: _run_query(system, query, cpu.setdefault(who, []))))
            course.race(figure, able, rounds=rounds * 3, seconds_max=1.5)
            for who in SHARED_EXECUTION:
                if cpu.get(who):
                    cpu_medians.setdefault(who, []).append(statistics.median(cpu[who]))
    figure = course.figure(f"all scans {state} cpu", f"all queries, {words}: geometric mean of CPU time", "ms", is_lower_better=True)
    for who, medians in cpu_medians.items():
        figure.add(who, statistics.geometric_mean(medians) * 1000)
    figures = [figure for figure in course.figures if figure.name.startswith(f"scan {state} ")]
    _mean(course, f"all scans {state}", f"all queries, {words}: geometric mean", figures)


def _mean(course, name, title, figures):
    mean = course.figure(name, title, "ms", is_lower_better=True, limit=COLUMN_COPIED)
    whos = {who for figure in figures for who in figure.samples}
    for who in whos:
        # Of those queries only that it answered: a ratio beside ours is then of the same ones when it answered all.
        medians = [figure.median(who) for figure in figures if figure.median(who)]
        if len(medians) == len(figures):
            mean.add(who, statistics.geometric_mean(medians))
        else:
            mean.left_out[who] = f"it answered {len(medians)} of {len(figures)} queries"


def _meanwhile(course):
    """The same queries while batches of upserts arrive, evenly: how much slower than in calm."""
    base, _ = tables.files_of(course, ORDERS)
    batches = [course.data.batch(ORDERS, base.rows, MEANWHILE_ROWS, 100, "uniform", 500 + number) for number in range(MEANWHILE_FILES)]
    titles = {title: sql for title, sql in SETS[0][2].items() if title in MEANWHILE_QUERIES}
    figures = {title: course.figure(f"meanwhile {title}", f"orders: {title}, while {MEANWHILE_ROWS / MEANWHILE_EVERY_SECONDS:,.0f} rows/s are "
                                    "upserted", "ms", is_lower_better=True, limit=COLUMN_COPIED) for title in titles}
    done = course.figure("meanwhile upserts", "upserts that were done meanwhile", "rows/s")
    for system in tables.prepare(course):
        if system.title == "ClickHouse":
            for figure in [*figures.values(), done]:
                figure.left_out[system.title] = "chdb runs one statement at a time"
            continue
        course.attempt(system, lambda system=system: _race_with_upserts(course, system, batches, titles, figures, done))


def _race_with_upserts(course, system, batches, titles, figures, done):
    stopping, counts, errors = threading.Event(), [0], []

    def upsert():
        try:
            client = system.connect()
            due = time.monotonic()
            while not stopping.is_set():
                system.upsert(ORDERS, "orders", batches[counts[0] % len(batches)], 120, client)
                counts[0] += 1
                due = max(due + MEANWHILE_EVERY_SECONDS, time.monotonic() - MEANWHILE_EVERY_SECONDS)
                stopping.wait(max(0.0, due - time.monotonic()))
            client.close()
        except Exception as error:  # noqa: BLE001 - told by the measuring thread
            errors.append(error)

    thread = threading.Thread(target=upsert)
    begin = time.monotonic()
    thread.start()
    try:
        while time.monotonic() - begin < course.sizes.seconds:
            for title, sql in titles.items():
                query = system.read_query(sql, "orders")
                figures[title].add(system.title, seconds_of(lambda query=query: system.query(query, QUERY_SECONDS * 4)) * 1000)
    finally:
        stopping.set()
        thread.join()
    if errors:
        raise SystemFailed(f"an upsert meanwhile failed: {errors[0]}")
    done.add(system.title, counts[0] * MEANWHILE_ROWS / (time.monotonic() - begin))
    course.say(f"  {system.title}: " + ", ".join(f"{title} {figures[title].median(system.title):.3g} ms" for title in titles))
