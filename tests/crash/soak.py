"""Kills a working server again and again; see scripts/soak."""
import argparse
import collections
import pathlib
import random
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from support.crash_workload import SETTINGS, CrashWorkload  # noqa: E402
from support.freshet_server import FreshetServer  # noqa: E402
from support.kafka_broker import KafkaBroker  # noqa: E402
from support.kill_plan import POINTS, RECOVERY_POINTS, STREAM_POINTS, check_data, start_that_may_crash  # noqa: E402
from support.stream_check import StreamCheck  # noqa: E402

ROUND_SECONDS = 1.5
CALM_EVERY = 25  # kills between clean shutdowns, after which `freshet check` must have nothing at all to say
CATCH_UP_SECONDS = 60


class Soak:
    def __init__(self, folder, rng, kafka, say):
        self.rng, self.say = rng, say
        self.server = FreshetServer(folder / "server", SETTINGS).start()
        self.work = CrashWorkload(self.server, rng)
        self.stream = StreamCheck(self.server, kafka, "soak") if kafka else None
        self.server.kill()
        self.kills = collections.Counter()

    def life(self):
        """One start, work, and the kill; then a start that recovers, and the comparison."""
        choice = self.rng.random()
        points = {**POINTS, **(STREAM_POINTS if self.stream else {})}
        point = self.rng.choice(sorted(points)) if choice < 0.6 else None
        failpoint = f"{point}=crash@{self.rng.randrange(1, points[point] + 1)}" if point else ""
        if self.stream:
            self.stream.produce(self.rng.choice((0, 50, 500)))
        if start_that_may_crash(self.server, failpoint):
            hit = self.work.run(ROUND_SECONDS if point else self.rng.random() * ROUND_SECONDS)
        else:
            hit = True
        self.kills[point if point and hit else "random moment"] += 1
        if self.rng.random() < 0.1:
            check_data(self.server)
        while self.rng.random() < 0.3:
            at = self.rng.choice(RECOVERY_POINTS)
            started = start_that_may_crash(self.server, f"{at}=crash")
            assert not started, f"the server started although it must have crashed at {at}"
            self.kills[at] += 1
        self.server.start()
        self.work.check()
        if self.stream:
            self.stream.check()

    def calm(self):
        if self.stream:
            self.stream.wait_for_all(CATCH_UP_SECONDS)
        self.server.stop()
        assert not check_data(self.server), "files were left behind by a clean end"
        self.server.start()
        self.work.check()

    def run(self, kills, deadline):
        lives = 0
        while self.kills.total() < kills and time.monotonic() < deadline:
            self.life()
            self.server.kill()  # without work: not counted
            lives += 1
            if lives % CALM_EVERY == 0:
                self.server.start()
                self.calm()
                self.server.kill()
                self.say(f"{self.kills.total()} kills, {self.work.acknowledged()} acknowledged changes")
        self.server.start()
        self.work.check()
        self.calm()
        self.server.stop()


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--kills", type=int, default=10**9)
    parser.add_argument("--hours", type=float, default=0)
    parser.add_argument("--kafka", action="store_true", help="a routine load from a real broker too (scripts/kafka)")
    parser.add_argument("--log", type=pathlib.Path, default=pathlib.Path("soak.log"))
    options = parser.parse_args()
    if options.kills == 10**9 and options.hours == 0:
        parser.error("say --kills or --hours")

    log = open(options.log, "a", buffering=1)
    begun = time.monotonic()

    def say(text):
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} [{time.monotonic() - begun:7.1f} s] {text}"
        print(line, flush=True)
        log.write(line + "\n")

    say(f"seed {options.seed}: scripts/soak {' '.join(sys.argv[1:])}" + ("" if "--seed" in sys.argv else f" --seed {options.seed}"))
    deadline = begun + options.hours * 3600 if options.hours else float("inf")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="freshet-soak-"))
    kafka = KafkaBroker(folder / "kafka").start() if options.kafka else None
    soak = None
    try:
        soak = Soak(folder, random.Random(options.seed), kafka, say)
        soak.run(options.kills, deadline)
    except BaseException:
        say(f"FAILED after {soak.kills.total() if soak else 0} kills, data in {folder}\n{traceback.format_exc()}")
        return 1
    finally:
        if soak and soak.server.is_running():
            soak.server.kill()
        if kafka:
            kafka.stop()
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(soak.kills.items()))
    say(f"passed: {soak.kills.total()} kills ({kinds}), {soak.work.acknowledged()} acknowledged changes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
