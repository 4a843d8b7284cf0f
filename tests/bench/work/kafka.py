"""From a Kafka producer to a query (freshness.py), for a short while; `scripts/bench freshness` does it for ten minutes."""
import argparse

from bench import freshness
from bench.figures import OURS
from bench.work.limits import WHAT

RATES = (20_000, 50_000)
KEYS = 1_000_000


def run(course):
    seconds = max(8, round(course.sizes.seconds * 3))
    options = argparse.Namespace(rate=list(RATES[:1] if course.sizes.is_quick else RATES), seconds=seconds, keys=KEYS, verbose=False)
    for measured in freshness.measure(options):
        for part in ("p50", "p99"):
            figure = course.figure(f"freshness {measured.rate} {part}", f"Kafka to query, {measured.rate:,} rows/s for {seconds} s, {part}", "ms",
                                   is_lower_better=True, limit=WHAT["sync_median" if part == "p50" else "sync_p99"])
            figure.add(OURS, measured.milliseconds[part])
