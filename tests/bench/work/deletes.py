"""Deletes of many rows by their keys."""
from bench.course import each_in_turn
from bench.data import ORDERS
from bench.work.limits import WHAT

PERCENT = 10
LIMIT_SECONDS = 120


def run(course):
    rows = course.sizes.rows
    base = course.data.base(ORDERS, rows)
    files = [course.data.keys_of(ORDERS, rows, PERCENT, salt) for salt in range(course.sizes.rounds)]
    deleted = {}
    runs = []

    def fill(system):
        system.create(ORDERS, "deleted")
        system.load(ORDERS, "deleted", base, LIMIT_SECONDS)

    for system in course.live():
        if course.attempt(system, lambda system=system: fill(system)):
            deleted[system.title] = []
            runs.append((system.title, system, each_in_turn(files, _delete(system), deleted[system.title])))
    figure = course.figure("delete", f"deletes by key of {PERCENT} % of {rows:,} rows", "keys/s", limit=WHAT["csv_rows"])
    course.race(figure, runs)
    for title, system, _ in runs:
        if title in course.broken or title in figure.left_out:
            continue
        gone = " UNION ".join(f"SELECT column0 AS id FROM read_csv('{file.path}', header = false)" for file in deleted[title])
        expected = course.data.duckdb.execute(f"SELECT {rows} - count(*) FROM ({gone})").fetchone()[0]

        def check(system=system, title=title, expected=expected):
            count = system.count("deleted", LIMIT_SECONDS)[0] if not system.has_sql else \
                system.query(system.read_query("SELECT count(*) FROM {t}", "deleted"))[0][0]
            course.agree("rows after deletes", [("DuckDB over the files", [(expected,)]), (title, [(count,)])])
        course.attempt(system, check)
        course.attempt(system, lambda system=system: system.drop("deleted"))


def _delete(system):
    return lambda file: system.delete(ORDERS, "deleted", file, LIMIT_SECONDS)
