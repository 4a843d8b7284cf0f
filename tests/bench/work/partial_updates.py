"""Updates of ten of a hundred columns."""
from bench.course import each_in_turn
from bench.data import PROFILES

UPDATED = [f"c{number}" for number in range(1, 11)]
PERCENT = 10
LIMIT_SECONDS = 120


def run(course):
    rows = course.sizes.wide_rows
    base = course.data.base(PROFILES, rows)
    updates = [course.data.columns_of(PROFILES, rows, PERCENT, UPDATED, salt + 1) for salt in range(course.sizes.rounds)]
    applied = {}
    runs = []

    def fill(system):
        system.create(PROFILES, "profiles")
        system.load(PROFILES, "profiles", base, LIMIT_SECONDS)

    for system in course.live("RocksDB"):
        if course.attempt(system, lambda system=system: fill(system)):
            applied[system.title] = []
            runs.append((system.title, system, each_in_turn(updates, _update(system), applied[system.title])))
    figure = course.figure("partial update", f"updates of {len(UPDATED)} of {len(PROFILES.columns)} columns of {PERCENT} % of {rows:,} rows",
                           "rows/s")
    course.race(figure, runs)
    for title, _, _ in runs:
        if title not in course.broken and title not in figure.left_out:
            rows_now = course.systems[title].query(course.systems[title].read_query(PROFILES.checksum(), "profiles"))
            course.agree("rows after partial updates", [("DuckDB over the files", _expected(course, base, applied[title])), (title, rows_now)])
    for system in course.live("RocksDB"):
        course.attempt(system, lambda system=system: system.drop("profiles"))


def _update(system):
    return lambda file: system.update_columns(PROFILES, "profiles", UPDATED, file, LIMIT_SECONDS)


def _expected(course, base, updates):
    data = course.data
    table = f"read_csv('{base.path}', header = false, columns = {data.columns_clause(PROFILES)})"
    names = ["id", *UPDATED]
    newest = ", ".join(f"arg_max({name}, turn) AS {name}" for name in UPDATED)
    parts = " UNION ALL ".join(
        f"SELECT *, {turn} AS turn FROM read_csv('{file.path}', header = false, columns = {data.columns_clause(PROFILES, names)})"
        for turn, file in enumerate(updates))
    values = ", ".join(f"coalesce(n.{name}, b.{name}) AS {name}" for name in PROFILES.checks)
    merged = f"(SELECT b.id, {values} FROM {table} b LEFT JOIN (SELECT id, {newest} FROM ({parts}) GROUP BY id) n ON b.id = n.id)"
    return data.duckdb.execute(PROFILES.checksum().format(t=merged)).fetchall()
