"""How long a server with a large table takes from SIGKILL to its first answers, and what it keeps in memory for each key.

  scripts/bench restart [--rows N] [--rounds N]

Rows are upserted again (a hundredth of them) right before each kill, so that there is a log to read. The files are in the
machine's file cache, as after a crash of the process alone.
"""
import argparse
import pathlib
import statistics
import tempfile
import time

import duckdb

from support.freshet_server import FreshetServer

LOAD_ROWS = 5_000_000
COLUMNS = "id BIGINT NOT NULL, customer INT, amount DECIMAL(10,2), status VARCHAR(16), created DATETIME, quantity INT"
SELECT = """SELECT r, (hash(r) % 100000)::INT, ((hash(r * 3) % 1000000) / 100)::DECIMAL(10,2),
  ['new', 'paid', 'sent', 'done', 'lost'][1 + (hash(r + 7) % 5)::INT],
  TIMESTAMP '2026-01-01 00:00:00' + INTERVAL 1 SECOND * (hash(r + 11) % 31536000)::INT, (hash(r + 13) % 50)::INT
  FROM range({begin}, {end}) t(r)"""


def load(server, folder, begin, end):
    path = pathlib.Path(folder) / "rows.csv"
    duckdb.execute(f"COPY ({SELECT.format(begin=begin, end=end)}) TO '{path}' (HEADER false)")
    with open(path, "rb") as file:
        server.load("bench", "orders", iter(lambda: file.read(1 << 20), b""), column_separator=",")


def metric(server, name):
    lines = server.http("GET", "/metrics")[2].decode().splitlines()
    return next(float(line.split(" ")[1]) for line in lines if line.startswith(f"{name} "))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    # Beside the table, so that they are on one disk.
    with tempfile.TemporaryDirectory(prefix="freshet-bench-") as folder:
        server = FreshetServer(folder).start()
        try:
            server.sql("CREATE DATABASE bench")
            server.sql(f"CREATE TABLE bench.orders ({COLUMNS}) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 4")
            began = time.monotonic()
            for begin in range(0, options.rows, LOAD_ROWS):
                load(server, folder, begin, min(begin + LOAD_ROWS, options.rows))
            print(f"{options.rows:,} rows are loaded after {time.monotonic() - began:.0f} s", flush=True)
            measured = {"to the first row by key": [], "to the first count(*)": [], "to the first sum over all": []}
            queries = [f"SELECT status FROM bench.orders WHERE id = {options.rows // 2}", "SELECT count(*) FROM bench.orders",
                       "SELECT sum(quantity) FROM bench.orders"]
            answers = [server.sql(query) for query in queries]
            for _ in range(options.rounds):
                load(server, folder, 0, options.rows // 100)
                server.kill()
                began = time.monotonic()
                server.start()
                for seconds, query, answer in zip(measured.values(), queries, answers):
                    assert server.sql(query) == answer, query
                    seconds.append(time.monotonic() - began)
            for name, seconds in measured.items():
                print(f"from SIGKILL {name}: {statistics.median(seconds):.2f} s (most {max(seconds):.2f} s)")
            print(f"key index and key filter: {metric(server, 'freshet_index_bytes_per_key'):.2f} bytes a key")
            print(f"resident memory of the server: {server.memory_bytes() / 2**20:,.0f} MiB")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
