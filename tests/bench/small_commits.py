"""Small commits for a while: their rate, what they write, and how fast queries are meanwhile, beside the calm table.

  scripts/bench small-commits [--rows N] [--seconds S] [--clients C] [--group-commit MODE]
"""
import argparse
import base64
import http.client
import statistics
import tempfile
import threading
import time

from support.freshet_server import FreshetServer

QUERIES = {"group by": "SELECT k % 10 AS g, count(*), sum(v) FROM d.t GROUP BY g ORDER BY g",
           "filter": "SELECT count(*), max(v) FROM d.t WHERE v < 1000"}
CALM_RUNS = 30


def metrics(server):
    lines = server.http("GET", "/metrics")[2].decode().splitlines()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}


def timed(server, query):
    start = time.perf_counter()
    server.sql(query)
    return time.perf_counter() - start


def load_one_row_each(server, group_commit, rows, first, step, stopping, counts, index):
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port)
    headers = {"Authorization": "Basic " + base64.b64encode(b"root:").decode(), "column_separator": ",",
               "group_commit": group_commit}
    key = first
    while not stopping.is_set():
        connection.request("PUT", "/api/d/t/_stream_load", f"{key % rows},{key}\n", headers)
        assert b'"Success"' in connection.getresponse().read()
        counts[index] += 1
        key += step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--group-commit", default="off_mode", help="off_mode, sync_mode or async_mode")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = FreshetServer(folder, {"storage.delta_flush_rows": 5000}).start()
        server.sql("CREATE DATABASE d")
        server.sql("CREATE TABLE d.t (k BIGINT, v BIGINT) UNIQUE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1")
        server.load("d", "t", "".join(f"{i},{i}\n" for i in range(options.rows)), column_separator=",")
        calm = {name: statistics.median(timed(server, query) for _ in range(CALM_RUNS)) for name, query in QUERIES.items()}
        before = metrics(server)
        stopping, counts = threading.Event(), [0] * options.clients
        threads = [threading.Thread(target=load_one_row_each,
                                    args=(server, options.group_commit, options.rows, i * 7919, options.clients * 7919, stopping, counts, i))
                   for i in range(options.clients)]
        for thread in threads:
            thread.start()
        times, most_rowsets, end = {name: [] for name in QUERIES}, 0, time.monotonic() + options.seconds
        while time.monotonic() < end:
            for name, query in QUERIES.items():
                times[name].append(timed(server, query))
            most_rowsets = max(most_rowsets, metrics(server)["freshet_tablet_rowsets_max"])
        stopping.set()
        for thread in threads:
            thread.join()
        after = metrics(server)
        written = sum(after[name] - before[name] for name in ("freshet_flush_written_bytes_total",
                                                              "freshet_compaction_written_bytes_total"))
        print(f"{sum(counts)} loads of one row in {options.seconds} s: {sum(counts) / options.seconds:,.0f}/s, "
              f"{written / max(1, sum(counts)):.0f} bytes written for each, at most {most_rowsets:.0f} rowsets")
        for name in QUERIES:
            busy = statistics.median(times[name])
            print(f"query '{name}': {calm[name] * 1000:.1f} ms calm, {busy * 1000:.1f} ms meanwhile, {busy / calm[name]:.2f}x")
        server.stop()


if __name__ == "__main__":
    main()
