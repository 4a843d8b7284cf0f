"""How long a row takes from the producer to a query: a paced producer stamps each row, a real broker, a routine load into a
table of unique keys, and a reader that polls over MySQL, all on this machine.

  scripts/bench freshness [--rate ROWS_PER_SECOND]... [--seconds S] [--keys N] [--cpus LIST]

Some keys (probes) are written in turn, evenly in time; the reader selects them all over and over, and notes when it first sees
a row. A row that was replaced before it was seen counts with the time at which its successor was seen, so a stall counts for all
rows that waited. The first seconds are left out. The exit code is 1 when rows are missing, or when the p99 of the first rate is
above --goal-ms.
"""
import argparse
import dataclasses
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from support.freshet_server import BINARY, FreshetServer
from support.kafka_broker import KafkaBroker
from support.routine_loads import job, metrics, wait_for

PRODUCER = BINARY.parent / "freshness_producer"
PROBES = 64
PROBES_PER_SECOND = 200
WARM_UP_SECONDS = 5
POLL_SECONDS = 0.005
PARTITIONS = 4
DEFAULT_RATES = (20_000, 50_000)


@dataclasses.dataclass
class Freshness:
    """`milliseconds`: from the producer to a query, by percentile: p50, p90, p99, p99.9, worst."""
    rate: int
    milliseconds: dict


def percentile(sorted_values, part):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * part))]


class Reader:
    """Notes for each probe row how long it took until it, or a later row of its key, was seen."""

    def __init__(self, server, table, rate):
        self.connection = server.connect()
        self.query = f"SELECT id, n, stamp FROM d.{table} WHERE id < {PROBES}"
        self.rows_apart = max(1, rate // PROBES_PER_SECOND) * PROBES  # between two rows of a probe
        self.micros_apart = self.rows_apart * 1_000_000 / rate
        self.newest = {}
        self.latencies_ms = []  # (stamp in microseconds, milliseconds)
        self.polls_ms = []

    def poll(self):
        begin = time.perf_counter()
        with self.connection.cursor() as cursor:
            cursor.execute(self.query)
            rows = cursor.fetchall()
        now = time.time() * 1e6
        self.polls_ms.append((time.perf_counter() - begin) * 1000)
        for key, number, stamp in rows:
            seen = self.newest.get(key)
            if seen == number:
                continue
            self.newest[key] = number
            skipped = (number - seen) // self.rows_apart - 1 if seen is not None else 0
            for back in range(skipped + 1):
                self.latencies_ms.append((stamp - back * self.micros_apart, (now - stamp + back * self.micros_apart) / 1000))

    def close(self):
        self.connection.close()


def run(server, kafka, rate, options):
    table = f"fresh_{rate}"
    server.sql(f"CREATE TABLE d.{table} (id BIGINT NOT NULL, n BIGINT, stamp BIGINT, name VARCHAR(40), amount DECIMAL(12, 2)) "
               "UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    kafka.create_topic(table, partitions=PARTITIONS)
    server.sql(f'CREATE ROUTINE LOAD d.{table} ON {table} PROPERTIES ("format" = "json") FROM KAFKA ("kafka_broker_list" = '
               f'"{kafka.address}", "kafka_topic" = "{table}", "property.kafka_default_offsets" = "OFFSET_BEGINNING")')
    reader = Reader(server, table, rate)
    begin = time.time()
    producer = subprocess.Popen([PRODUCER, kafka.address, table, str(rate), str(options.seconds), str(options.keys), str(PROBES),
                                 str(PROBES_PER_SECOND)], stdout=subprocess.PIPE, text=True)
    while producer.poll() is None:
        reader.poll()
        time.sleep(POLL_SECONDS)
    assert producer.returncode == 0, "the producer could not send all rows"
    sent, seconds, late_us = producer.stdout.read().split()
    wait_for(lambda: reader.poll() or job(server, table)["statistic"]["loadedRows"] >= int(sent), lambda: job(server, table))
    reader.close()
    loaded, newest = job(server, table)["statistic"]["loadedRows"], server.value(f"SELECT max(n) FROM d.{table}")
    assert (loaded, newest) == (int(sent), int(sent) - 1), f"{sent} rows sent, {loaded} loaded, the newest is {newest}"
    told = metrics(server, table)
    server.sql(f"STOP ROUTINE LOAD FOR d.{table}")

    steady = sorted(latency for stamp, latency in reader.latencies_ms if stamp >= (begin + WARM_UP_SECONDS) * 1e6)
    measured = {f"p{part}": percentile(steady, part / 100) for part in (50, 90, 99, 99.9)} | {"worst": steady[-1]}
    print(f"{int(sent) / float(seconds):,.0f} rows/s for {float(seconds):.0f} s ({int(sent):,} rows, the producer at most "
          f"{int(late_us) / 1000:.0f} ms late, {told['commits_total'] / float(seconds):.0f} commits/s): produce to visible "
          + ", ".join(f"{name} {value:.0f} ms" for name, value in measured.items())
          + f" ({len(steady):,} rows measured; a poll takes {statistics.median(reader.polls_ms):.1f} ms)", flush=True)
    if options.verbose:
        worst = sorted(reader.latencies_ms, key=lambda pair: -pair[1])[:20]
        print("worst:", ", ".join(f"{latency:.0f} ms at {stamp / 1e6 - begin:.1f} s" for stamp, latency in sorted(worst)))
    return Freshness(rate, measured)


def measure(options):
    """Freshness at each of options.rate, with a broker and a server of their own."""
    with tempfile.TemporaryDirectory() as folder:
        kafka = KafkaBroker(pathlib.Path(folder) / "kafka").start()
        server = FreshetServer(pathlib.Path(folder) / "server").start()
        try:
            server.sql("CREATE DATABASE d")
            return [run(server, kafka, rate, options) for rate in options.rate or DEFAULT_RATES]
        finally:
            server.stop()
            kafka.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, action="append", help="rows/s; several are run one after another")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--cpus", help="the processors for everything, like 0,1; by default all")
    parser.add_argument("--goal-ms", type=float, default=250)
    parser.add_argument("--verbose", action="store_true", help="also tells when the worst rows came")
    options = parser.parse_args()
    if options.cpus:
        os.sched_setaffinity(0, {int(cpu) for cpu in options.cpus.split(",")})
    raise SystemExit(0 if measure(options)[0].milliseconds["p99"] <= options.goal_ms else 1)


if __name__ == "__main__":
    main()
