"""The hot kernels alone (Google Benchmark): decoding, sorting, key lookups, filter probes, encoding and decoding of pages, scan
filters. One thread each.

  scripts/bench kernels [--filter REGEX] [--against FILE] [--seconds S]

Writes build/bench/kernels.json. `--against`: such a file of an earlier build; prints how many times faster each kernel is now, and
the exit code is 1 when one takes a quarter longer than it did.
"""
import argparse
import json
import pathlib
import subprocess
import sys

from bench.data import ROOT

PROGRAMS = ("decode_bench", "segment_bench", "encoding_bench", "scan_bench")
REPETITIONS = 5
SLOWER_MAX = 1.25
PROGRAM_SECONDS_MAX = 900


def measure(options):
    """Nanoseconds of CPU time for one turn of each kernel: the median of its repetitions."""
    kernels = {}
    for program in PROGRAMS:
        print(f"{program} ...", flush=True)
        out = subprocess.run([ROOT / "build" / program, "--benchmark_format=json", f"--benchmark_filter={options.filter}",
                              f"--benchmark_repetitions={REPETITIONS}", f"--benchmark_min_time={options.seconds}",
                              "--benchmark_report_aggregates_only=true"], check=True, capture_output=True, text=True,
                             timeout=PROGRAM_SECONDS_MAX).stdout
        if not out.strip():
            continue  # the filter leaves nothing of this program
        for line in json.loads(out)["benchmarks"]:
            if line["aggregate_name"] == "median":
                kernels[f"{program}: {line['run_name']}"] = {
                    "nanoseconds": line["cpu_time"] * {"ns": 1, "us": 1e3, "ms": 1e6}[line["time_unit"]],
                    "rows_per_second": line.get("items_per_second"), "label": line.get("label", "")}
    return kernels


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default=".", help="kernels whose name has this")
    parser.add_argument("--against", type=pathlib.Path, help="kernels.json of an earlier build")
    parser.add_argument("--seconds", type=float, default=0.05, help="of each repetition, at least")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench" / "kernels.json")
    options = parser.parse_args()
    earlier = json.loads(options.against.read_text()) if options.against else {}
    kernels = measure(options)
    slower = []
    print("| kernel | turn | rows/s | beside the earlier build |\n| --- | --- | --- | --- |")
    for name, kernel in kernels.items():
        rate = f"{kernel['rows_per_second']:,.0f}" if kernel["rows_per_second"] else ""
        ratio = ""
        if name in earlier:
            faster = earlier[name]["nanoseconds"] / kernel["nanoseconds"]
            ratio = f"{faster:.2f}x"
            if faster < 1 / SLOWER_MAX:
                slower.append(f"{name}: {ratio}")
        label = f" ({kernel['label']})" if kernel["label"] else ""
        print(f"| {name}{label} | {kernel['nanoseconds'] / 1000:,.2f} us | {rate} | {ratio} |")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(kernels, indent=1))
    if slower:
        sys.exit("slower than before: " + "; ".join(slower))


if __name__ == "__main__":
    main()
