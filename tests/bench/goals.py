"""The goals of the project, each beside what a run has measured of it."""
import dataclasses
import statistics

from bench.figures import OURS


@dataclasses.dataclass(frozen=True)
class Goal:
    """`figures`: the figures it is about begin with this. `beside`: the peer whose ratio counts; without one, our own value."""
    title: str
    figures: str
    beside: str | None
    bound: float
    is_most: bool = False  # The bound is the most that is allowed, not the least that is wanted.


DUPLICATE = "Freshet, DUPLICATE table"
GOALS = (
    Goal("scan, 30 % updated, beside a DUPLICATE table", "all scans updated", DUPLICATE, 0.75),
    Goal("scan, merged, beside a DUPLICATE table", "all scans merged", DUPLICATE, 0.97),
    Goal("scan, merged, beside a native DuckDB table", "all scans merged", "DuckDB", 0.9),
    Goal("load into a UNIQUE table beside a DUPLICATE table", "load orders csv", DUPLICATE, 0.85),
    Goal("Stream Load of CSV into an empty table, rows/s", "load orders csv", None, 1e6),
    Goal("Stream Load of JSON into an empty table, rows/s", "load orders json", None, 1e6),
    Goal("upserts, half exist among 10 M, rows/s", "upsert 10000000 50 uniform", None, 7e5),
    Goal("upserts beside DuckDB", "upsert ", "DuckDB", 10),
    Goal("upserts beside MariaDB", "upsert ", "MariaDB", 5),
    Goal("upserts beside PostgreSQL", "upsert ", "PostgreSQL", 5),
    Goal("upserts beside ClickHouse, which looks nothing up", "upsert 10000000 ", "ClickHouse", 0.5),
    Goal("scans beside ClickHouse with FINAL, 30 % updated", "all scans updated", "ClickHouse", 5),
    Goal("scans beside ClickHouse's plain table", "all scans merged", "ClickHouse, no FINAL", 1),
    Goal("rows by key beside ClickHouse with FINAL", "one key", "ClickHouse", 5),
    Goal("sysbench point reads beside MariaDB, 1 connection", "sysbench 1", "MariaDB", 1.2),
    Goal("sysbench point reads beside MariaDB, 16 connections", "sysbench 16", "MariaDB", 1.2),
    Goal("sysbench point reads beside MariaDB, 64 connections", "sysbench 64", "MariaDB", 1.2),
    Goal("their p99 beside MariaDB, 1 connection", "sysbench 1 p99", "MariaDB", 1),
    Goal("their p99 beside MariaDB, 16 connections", "sysbench 16 p99", "MariaDB", 1),
    Goal("their p99 beside MariaDB, 64 connections", "sysbench 64 p99", "MariaDB", 1),
    Goal("point lookups in process, one thread, lookups/s", "engine point lookups ", None, 1e6),
    Goal("Kafka to query at 50,000 rows/s, p99, ms", "freshness 50000 p99", None, 250, True),
    Goal("key index and filter, bytes/key", "index memory 10000000", None, 2.5, True),
    Goal("one-row commit, ms", "engine one-row upsert commit, durable and visible, median", None, 1, True),
)


def _found(goal, figures):
    exact = [figure for figure in figures if figure.name == goal.figures]
    return exact or [figure for figure in figures if goal.figures.endswith(" ") and figure.name.startswith(goal.figures)]


def table(figures):
    """A Markdown table. Of several figures the median counts; a goal that nothing was measured for says so."""
    lines = ["| goal | wanted | measured | |", "| --- | --- | --- | --- |"]
    for goal in GOALS:
        chosen = _found(goal, figures)
        values = [figure.ratio(goal.beside) if goal.beside else figure.median(OURS) for figure in chosen]
        values = [value for value in values if value is not None]
        sign, mark = ("<=" if goal.is_most else ">="), "x" if goal.beside else ""
        if not values:
            lines.append(f"| {goal.title} | {sign} {goal.bound:,g}{mark} | not measured | |")
            continue
        value = statistics.median(values)
        is_met = value <= goal.bound if goal.is_most else value >= goal.bound
        text = f"{value:.2f}x" if goal.beside else f"{value:,.4g}"
        lines.append(f"| {goal.title} | {sign} {goal.bound:,g}{mark} | {text} | {'met' if is_met else 'NOT met'} |")
    return "\n".join(lines)
