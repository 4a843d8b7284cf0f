"""Size on disk beside DuckDB: the flights data and made-up rows, in our segments and in a DuckDB file.

  scripts/bench sizes [--rows N] [--compression LZ4] [--only TABLE]

Prints for each table the bytes of all segment files after ALTER TABLE COMPACT, what of them its columns and its key index
take, and the bytes of the DuckDB file (after CHECKPOINT) with the same rows, with and without a primary key.
"""
import argparse
import collections
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import duckdb

from bench.data import ORDER_ROW
from bench.peers.freshet_peer import pieces_of
from support.freshet_server import BINARY, ROOT, FreshetServer

COMPACTED_SECONDS_MAX = 120
ORDER_COLUMNS = "id BIGINT NOT NULL, customer INT, amount DECIMAL(10,2), status VARCHAR(16), created DATETIME, quantity INT"
FLIGHT_COLUMNS = ("flight_id BIGINT NOT NULL, date DATETIME, delay INT, distance INT, origin VARCHAR(8), "
                  "destination VARCHAR(8)")
ZIPCODE_COLUMNS = ("zip_code VARCHAR(8) NOT NULL, latitude DOUBLE, longitude DOUBLE, city VARCHAR(64), state VARCHAR(8), "
                   "county VARCHAR(64)")
EVENT_COLUMNS = ("id BIGINT NOT NULL, happened DATETIME(3), device VARCHAR(40), path VARCHAR(200), message STRING, "
                 "temperature DOUBLE, ratio FLOAT, reading DOUBLE, shift INT, flag BOOLEAN")
# Rows as of devices: times that rise, texts that repeat in part, floats that were decimals, floats that were not, runs.
EVENT_ROW = """range AS id, TIMESTAMP '2026-01-01 00:00:00' + INTERVAL 1 MILLISECOND * (range * 37 + hash(range) % 50)::BIGINT AS happened,
  'device-' || lpad((hash(range + 1) % 20000)::VARCHAR, 6, '0') AS device,
  'https://shop.example.com/' || ['cart', 'product', 'search', 'account/orders'][1 + (hash(range + 2) % 4)::INT] || '/'
    || (hash(range + 3) % 1000000) || '?session=' || (hash(range + 4) % 10000000) AS path,
  'user ' || (hash(range + 5) % 500000) || ' ' || ['opened', 'closed', 'changed', 'removed'][1 + (hash(range + 6) % 4)::INT] || ' the '
    || ['first', 'second', 'third'][1 + (hash(range + 7) % 3)::INT] || ' item of order ' || (hash(range + 8) % 9000000) AS message,
  ((hash(range + 9) % 600)::DOUBLE - 200) / 10 AS temperature, ((hash(range + 10) % 1000)::DOUBLE / 1000)::FLOAT AS ratio,
  sqrt((hash(range + 12) % 1000000007)::DOUBLE) AS reading, (range // 5000)::INT % 7 AS shift, (range // 300) % 9 = 0 AS flag"""


def segment_bytes(server):
    return sum(file.stat().st_size for file in (server.data_dir / "segments").glob("*.seg"))


def describe(server):
    """Bytes by column and encoding, from `freshet inspect` of every segment file."""
    columns = collections.defaultdict(lambda: collections.Counter())
    rest = collections.Counter()
    for file in sorted((server.data_dir / "segments").glob("*.seg")):
        text = subprocess.run([BINARY, "inspect", file], check=True, capture_output=True, text=True, timeout=120).stdout
        name = None
        for line in text.splitlines():
            if found := re.match(r"column \d+ '(\w+)'", line):
                name = found[1]
            elif found := re.match(r"  page \d+ offset=\d+ rows=\d+ (\S+) (\S+) raw=\d+ stored=(\d+)", line):
                columns[name][f"{found[1]}/{found[2]}"] += int(found[3]) + 32
            elif found := re.match(r"  page offset=\d+ bytes=(\d+)", line):
                rest["key blocks"] += int(found[1])
            elif found := re.match(r"key filter offset=\d+ bytes=(\d+)", line):
                rest["key filter"] += int(found[1])
    return columns, rest


def duckdb_bytes(folder, definition, query, key, source):
    path = folder / f"{source}-{'key' if key else 'plain'}.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as native:
        native.execute(f"CREATE TABLE t ({definition.replace('STRING', 'VARCHAR').replace('DATETIME(3)', 'TIMESTAMP')}{', PRIMARY KEY(' + key + ')' if key else ''})")
        native.execute(f"INSERT INTO t {query}")
        native.execute("CHECKPOINT")
        columns = native.execute("SELECT column_name, compression, count(DISTINCT block_id) FROM pragma_storage_info('t') "
                                 "WHERE segment_type <> 'VALIDITY' GROUP BY ALL ORDER BY column_name").fetchall()
    return path.stat().st_size, columns


def measure(folder, name, definition, key, model, query, csv, properties):
    server = FreshetServer(folder / f"{name}-{model}").start()
    try:
        server.sql("CREATE DATABASE bench")
        server.sql(f"CREATE TABLE bench.t ({definition}) {model} KEY({key}) DISTRIBUTED BY HASH({key}) BUCKETS 2 "
                   f"PROPERTIES({', '.join(f'{chr(34)}{k}{chr(34)} = {chr(34)}{v}{chr(34)}' for k, v in properties.items())})")
        begin = time.monotonic()
        rows = server.load("bench", "t", pieces_of(csv), column_separator="|")["NumberLoadedRows"]
        seconds = time.monotonic() - begin
        server.sql("ALTER TABLE bench.t COMPACT")
        deadline = time.monotonic() + COMPACTED_SECONDS_MAX
        while len(list((server.data_dir / "segments").glob("*.seg"))) > 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        ours = segment_bytes(server)
        columns, rest = describe(server)
    finally:
        server.stop()
    plain, layout = duckdb_bytes(folder, definition, query, "", name)
    print(f"\n{name}, {model} table: {rows:,} rows loaded in {seconds:.2f} s, {ours:,} bytes; DuckDB {plain:,}: {ours / plain:.2f}", flush=True)
    if model == "UNIQUE":
        keyed, _ = duckdb_bytes(folder, definition, query, key, name)
        print(f"  DuckDB with a primary key {keyed:,}: {ours / keyed:.2f}")
    for column, encodings in columns.items():
        print(f"  {column}: {sum(encodings.values()):,}  " + ", ".join(f"{k} {v:,}" for k, v in encodings.most_common(4)))
    for what, size in rest.items():
        print(f"  {what}: {size:,}")
    print("  DuckDB's segments: " + ", ".join(f"{column} {method} in {blocks} blocks" for column, method, blocks in layout))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=3_000_000)
    arguments.add_argument("--compression", default="LZ4")
    arguments.add_argument("--only", default="")
    options = arguments.parse_args()
    flights = ROOT / ".deps" / "flights"
    sources = {
        "flights": (FLIGHT_COLUMNS, "flight_id", "SELECT file_row_number AS flight_id, date, delay, distance, origin, destination FROM "
                    f"read_parquet('{flights}/flights-3m.parquet', file_row_number = true)"),
        "orders": (ORDER_COLUMNS, "id", f"SELECT {ORDER_ROW.format(id='range', salt=0)} FROM range({options.rows})"),
        "events": (EVENT_COLUMNS, "id", f"SELECT {EVENT_ROW} FROM range({options.rows // 3})"),
        "zipcodes": (ZIPCODE_COLUMNS, "zip_code", f"FROM read_csv('{flights}/zipcodes.csv', all_varchar = true)"),
    }
    folder = pathlib.Path(tempfile.mkdtemp(prefix="freshet-sizes-"))
    try:
        for name, (definition, key, query) in sources.items():
            if options.only and name != options.only:
                continue
            csv = folder / f"{name}.csv"
            duckdb.connect().execute(f"COPY ({query}) TO '{csv}' (HEADER false, DELIMITER '|')")
            for model in ("UNIQUE", "DUPLICATE"):
                measure(folder, name, definition, key, model, query, csv, {"compression": options.compression})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
