"""What the machine can do at most (build/limits_bench); later figures are read beside it."""
import subprocess

from bench.data import ORDERS, ROOT

PROGRAM = ROOT / "build" / "limits_bench"
LIMIT_SECONDS = 120
WHAT = {
    "csv_rows": "lines and fields of orders found by memchr, all cores",
    "csv_bytes": "the same in bytes",
    "json_rows": "lines of orders parsed by simdjson on demand, all cores",
    "json_bytes": "the same in bytes",
    "memcpy": "memory copied, all cores",
    "write_and_sync": "256 MiB written to a file and synced",
    "sync_median": "4 KiB appended and synced, median",
    "sync_p99": "4 KiB appended and synced, 99th percentile",
    "round_trips_1": "64 bytes there and back over the loopback, one connection",
    "round_trips_16": "64 bytes there and back over the loopback, 16 connections",
    "round_trips_64": "64 bytes there and back over the loopback, 64 connections",
}
# Made of the figures above.
SYNCED_APPENDS = "synced appends a second"
ROUND_TRIP = "64 bytes there and back over the loopback"
COLUMN_BYTES = 8
COLUMN_COPIED = f"{COLUMN_BYTES} bytes of each row copied, all cores"


def run(course):
    rows = course.sizes.rows
    files = [course.data.base(ORDERS, rows, suffix=suffix) for suffix in ("csv", "json")]
    folder = course.folder / "limits"
    folder.mkdir()
    out = subprocess.run([PROGRAM, files[0].path, files[1].path, folder], check=True, capture_output=True, text=True,
                         timeout=LIMIT_SECONDS).stdout
    for line in out.splitlines():
        name, value, unit = line.split("\t")
        figure = course.figure(name, WHAT[name], unit, is_lower_better=unit == "ms")
        figure.add("this machine", float(value))
        course.limits[WHAT[name]] = float(value)
    course.limits[SYNCED_APPENDS] = 1000 / course.limits[WHAT["sync_median"]]
    course.limits[ROUND_TRIP] = 1000 / course.limits[WHAT["round_trips_1"]]
    course.limits[COLUMN_COPIED] = 1000 * COLUMN_BYTES * course.sizes.scan_rows / course.limits[WHAT["memcpy"]]
