"""Freshet beside its peers on this machine: what scripts/bench runs.

Every system runs at once with its own data, and they take turns at each piece of work, several times; what counts are the medians
of one run and their ratios. All answers are checked against DuckDB's own computation over the files that were loaded. Results:
build/bench/results.{md,json} and ratios.svg.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import sys
import tempfile
import time

from bench import chart, goals
from bench.course import Course, Sizes
from bench.data import ROOT, DataFolder
from bench.figures import reasons, table
from bench.peers.clickhouse_peer import ClickHouse, UnsyncedClickHouse
from bench.peers.duckdb_peer import DuckDb
from bench.peers.freshet_peer import Freshet
from bench.peers.mariadb_peer import MariaDb
from bench.peers.postgres_peer import Postgres
from bench.peers.rocksdb_peer import RocksDb
from bench.work import deletes, kafka, limits, loads, mixed, partial_updates, points, restarts, scans, small_loads, upserts

SYSTEMS = (Freshet, DuckDb, ClickHouse, UnsyncedClickHouse, MariaDb, Postgres, RocksDb)
# name: (title, what runs it, minutes of the default run on two cores, of the quick one)
WORKS = {
    "limits": ("what the machine can do", limits.run, 0.4, 0.2),
    "loads": ("bulk loads", loads.run, 3.5, 0.6),
    "upserts": ("upserts", upserts.run, 5.5, 0.8),
    "scans": ("scans and aggregations", scans.run, 4.5, 0.9),
    "points": ("rows by key", points.run, 2.0, 0.6),
    "mixed": ("mixed load", mixed.run, 0.8, 0.3),
    "restarts": ("restarts", restarts.run, 0.7, 0.3),
    "small": ("small loads", small_loads.run, 3.0, 0.5),
    "partial": ("partial updates", partial_updates.run, 0.6, 0.2),
    "deletes": ("deletes", deletes.run, 0.7, 0.2),
    "kafka": ("Kafka freshness", kafka.run, 1.2, 0.3),
}
DEFAULT = Sizes(rows=1_000_000, scan_rows=3_000_000, wide_rows=100_000, document_rows=200_000, keys=(1_000_000, 10_000_000),
                batch_rows=100_000, rounds=3, seconds=6.0, is_quick=False)
QUICK = Sizes(rows=200_000, scan_rows=500_000, wide_rows=20_000, document_rows=40_000, keys=(200_000,), batch_rows=20_000, rounds=2,
              seconds=2.0, is_quick=True)
# The figures of the short table: what a README shows.
IN_SHORT = ("load orders csv", "load profiles csv", "load flights csv", "upsert 1000000 50 uniform", "upsert 10000000 50 uniform",
            "upsert 10000000 90 zipf", "partial update", "delete", "small 10 KB 1 off_mode", "small 10 KB 8 off_mode",
            "small 10 KB 32 sync_mode", "all scans updated", "all scans merged", "meanwhile group by status", "sysbench 1", "sysbench 16",
            "many keys", "cold key", "mixed upserts", "mixed scans", "mixed points", "restart", "disk orders", "disk flights",
            "write amplification 1000000", "index memory 10000000", "freshness 50000 p50", "freshness 50000 p99")
LEFT_OUT = "Apache Pinot: it serves a table only with ZooKeeper, a controller, a broker and a server of its own, and upserts only from Kafka"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small tables and two rounds, within five minutes")
    parser.add_argument("--only", default="", help=f"workloads, by comma: {', '.join(WORKS)}")
    parser.add_argument("--without", default="", help="systems, by comma: duckdb, clickhouse, mariadb, postgres, rocksdb")
    parser.add_argument("--keys", default="", help="tables that take upserts, by comma, like 1000000,10000000,50000000")
    parser.add_argument("--rows", type=int, help="rows of bulk loads and deletes; scans have three times as many")
    parser.add_argument("--rounds", type=int, help="how often the systems take turns")
    parser.add_argument("--minutes", type=float, help="no workload is begun later than this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench")
    options = parser.parse_args()
    unknown = set(filter(None, options.only.split(","))) - set(WORKS)
    if unknown:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")
    return options


def sizes_of(options):
    sizes = QUICK if options.quick else DEFAULT
    if options.rows:
        sizes.rows, sizes.scan_rows = options.rows, 3 * options.rows
        sizes.wide_rows, sizes.document_rows = options.rows // 10, options.rows // 5
        sizes.batch_rows = min(sizes.batch_rows, options.rows // 10)
    sizes.keys = tuple(map(int, options.keys.split(","))) if options.keys else sizes.keys
    sizes.rounds = options.rounds or sizes.rounds
    return sizes


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def report(course, options, works):
    out = ["# Freshet beside its peers", "",
           f"{time.strftime('%Y-%m-%d %H:%M')}, {machine()}, `scripts/bench {' '.join(sys.argv[1:])}`".replace(" `", " `"), "",
           "Medians of one run, ± half of the range. In brackets: how many times better Freshet is (below 1: the peer is).", "",
           "| system | version | how it runs |", "| --- | --- | --- |"]
    out += [f"| {title} | {told['version']} | {told['settings']} |" for title, told in course.versions.items()]
    short = [figure for name in IN_SHORT for figure in course.figures if figure.name == name]
    if short:
        out += ["", "## In short", "", table(short)]
    for name in works:
        figures = [figure for figure in course.figures if figure.work == name]
        if figures:
            out += ["", f"## {WORKS[name][0].capitalize()}", "", table(figures)]
            out += ["", *(f"- {reason}" for reason in reasons(figures))]
    out += ["", "## Goals", "", goals.table(course.figures), "", "## Left out", "", f"- {LEFT_OUT}"]
    out += [f"- {title}: {why}" for title, why in course.out.items()] + [f"- {text}" for text in course.skipped]
    verdict = "All answers agree." if not course.disagreements else "ANSWERS DIFFER:"
    out += ["", verdict, *(f"- {text}" for text in course.disagreements), ""]
    text = "\n".join(out)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.md").write_text(text)
    (options.out / "results.json").write_text(json.dumps({
        "when": time.strftime("%Y-%m-%dT%H:%M:%S"), "machine": machine(), "command": sys.argv[1:], "systems": course.versions,
        "figures": [figure.as_json() for figure in course.figures], "disagreements": course.disagreements, "left_out": course.out,
        "skipped": course.skipped}, indent=1))
    (options.out / "ratios.svg").write_text(chart.ratio_chart(course.figures, "How many times better Freshet is (right of 1x), by peer"))
    print(text)
    print(f"written: {options.out}/results.md, results.json, ratios.svg")


def main():
    # So that the systems end with the run, however it is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    options = parse()
    sizes = sizes_of(options)
    works = [name for name in WORKS if not options.only or name in options.only.split(",")]
    without = [name for name in options.without.split(",") if name]
    systems = [kind for kind in SYSTEMS if not any(name in kind.__name__.lower() for name in without)]
    estimate = sum(WORKS[name][3 if options.quick else 2] for name in works)
    # The last workload that is begun in time may still take its own minutes.
    minutes = options.minutes or (3.8 if options.quick else 24.0)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="freshet-bench-"))
    folder.chmod(0o755)
    course = Course(sizes, DataFolder(options.out / "data", options.seed), folder, systems, minutes)
    course.say(f"{', '.join(works)}: about {estimate:.0f} minutes; no workload is begun after {minutes:g}")
    try:
        course.start_systems()
        for title, told in course.versions.items():
            course.say(f"{title} {told['version']}: {told['settings']}")
        for name in works:
            course.run(name, WORKS[name][0], WORKS[name][1])
    finally:
        course.stop_systems()
        shutil.rmtree(folder, ignore_errors=True)
    report(course, options, works)
    raise SystemExit(1 if course.disagreements else 0)


if __name__ == "__main__":
    main()
