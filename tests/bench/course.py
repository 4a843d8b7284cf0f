"""A run of benchmarks: the systems that take part, who failed and why, the clock, and the results."""
import decimal
import contextlib
import dataclasses
import http.client
import pathlib
import random
import shutil
import subprocess
import time
import traceback

from bench.figures import OURS, Figure
from bench.peers.system import NotOffered, SystemFailed

# What can go wrong with one system without ending the run.
FAILURES = (SystemFailed, OSError, RuntimeError, AssertionError, http.client.HTTPException, subprocess.SubprocessError)


@dataclasses.dataclass
class Sizes:
    """How much is done. `rows`: of tables that all systems load; `scan_rows`: of those that are scanned; `keys`: of tables
    that take upserts; `rounds`: how often the systems take turns; `seconds`: of measurements that run for a time."""
    rows: int
    scan_rows: int
    wide_rows: int
    document_rows: int
    keys: tuple
    batch_rows: int
    rounds: int
    seconds: float
    is_quick: bool


class Course:
    def __init__(self, sizes, data, folder, systems, minutes):
        """`systems`: classes of bench.peers; `minutes`: after which no workload is begun any more."""
        self.sizes = sizes
        self.data = data
        self.folder = pathlib.Path(folder)
        self.classes = {kind.title: kind for kind in systems}
        self.systems = {}
        self.out = {}  # systems that are left out for good: why
        self.broken = {}  # and those that are started anew before the next workload
        self.versions = {}
        self.figures = []
        self.limits = {}
        self.disagreements = []
        self.skipped = []
        self.prepared = set()
        self.begin = time.monotonic()
        self.end = self.begin + minutes * 60
        self.starts = 0

    def say(self, text):
        print(f"[{time.monotonic() - self.begin:6.1f}s] {text}", flush=True)

    # Systems

    def start_systems(self):
        """Starts those that do not run; one that cannot start is left out for good."""
        for title, kind in self.classes.items():
            if title in self.systems or title in self.out:
                continue
            self.starts += 1
            system = kind(self.folder / f"{self.starts}-{kind.__name__.lower()}")
            try:
                system.start()
                self.systems[title] = system
                self.versions[title] = {"version": system.version(), "settings": system.settings()}
            except Exception as error:  # noqa: BLE001 - a peer that is not there, for whatever reason, must not end the run
                self.out[title] = f"it did not start: {error}"
                self.say(f"{title} is left out: {error}")
                with contextlib.suppress(Exception):
                    system.kill()
        if OURS not in self.systems:
            raise SystemExit(f"{OURS} itself does not run: {self.out.get(OURS)}")

    def live(self, *without):
        """The systems that can take part now."""
        return [system for title, system in self.systems.items() if title not in self.broken and title not in without]

    def ours(self):
        return self.systems[OURS]

    def fail(self, system, error):
        """Leaves a system out until the next workload, for which it starts anew and empty."""
        self.broken[system.title] = str(error)
        self.say(f"{system.title} failed and is left out: {error}")

    def mend(self):
        for title in list(self.broken):
            system = self.systems.pop(title)
            self.prepared.discard(title)
            with contextlib.suppress(Exception):
                system.kill()
            shutil.rmtree(system.folder, ignore_errors=True)
        self.broken.clear()
        self.start_systems()

    def attempt(self, system, action):
        """Does something with a system; a failure leaves it out. Whether it was done."""
        try:
            action()
            return True
        except NotOffered:
            return False
        except FAILURES as error:
            self.fail(system, error)
            return False

    def stop_systems(self):
        for system in self.systems.values():
            with contextlib.suppress(Exception):
                system.kill()
            shutil.rmtree(system.folder, ignore_errors=True)

    # Measuring

    def figure(self, name, title, unit, is_lower_better=False, limit=None):
        figure = Figure(self.work, name, title, unit, is_lower_better, (limit, self.limits[limit]) if self.limits.get(limit) else None)
        self.figures.append(figure)
        return figure

    def race(self, figure, runs, rounds=None, seconds_max=25.0, warm=False):
        """Runs the contestants in turn, several times, each time in another order: who comes right after a contestant in the
        same process finds its threads awake. `runs`: (title, system, action that returns the figure's value). One that has
        used `seconds_max` is not asked again. `warm`: a first round does not count."""
        spent = {}
        order = random.Random(figure.name)
        rounds = (rounds or self.sizes.rounds) + warm
        for number in range(rounds):
            for title, system, action in order.sample(runs, len(runs)):
                if system.title in self.broken or title in figure.left_out:
                    figure.left_out.setdefault(title, self.broken.get(system.title, ""))
                    continue
                is_sampled = bool(figure.samples.get(title))
                if is_sampled and (spent.get(title, 0) > seconds_max or time.monotonic() > self.end):
                    continue
                begin = time.monotonic()
                try:
                    value = action()
                except NotOffered as error:
                    figure.left_out[title] = str(error)
                    continue
                except FAILURES as error:
                    self.fail(system, error)
                    figure.left_out[title] = str(error)
                    continue
                spent[title] = spent.get(title, 0) + time.monotonic() - begin
                if number >= warm or spent[title] > seconds_max:
                    figure.add(title, value)
        if figure.samples:
            self.say(f"  {figure.title}: " + ", ".join(
                f"{title} {figure.median(title):,.4g}" + (f" ({ratio:.2f}x)" if title != OURS and (ratio := figure.ratio(title)) else "")
                for title in figure.samples) + f" {figure.unit}")
        return figure

    def agree(self, what, answers):
        """`answers`: (who, rows) of the same question. Notes who differs from the first."""
        first, expected = answers[0]
        for who, rows in answers[1:]:
            if not same_rows(expected, rows):
                self.disagreements.append(f"{what}: {first} says {str(expected)[:300]}, {who} says {str(rows)[:300]}")
                self.say(f"  DIFFERENT ANSWERS: {self.disagreements[-1]}")

    def run(self, name, title, action):
        """One workload; nothing that goes wrong in it ends the run."""
        if time.monotonic() > self.end:
            self.skipped.append(f"{title}: the time was over")
            self.say(f"{title}: skipped, the time is over")
            return
        self.work = name
        self.say(title)
        try:
            self.mend()
            action(self)
        except FAILURES as error:
            self.skipped.append(f"{title}: {error}")
            self.say(f"{title} could not be finished: {error}")
            traceback.print_exc()


def seconds_of(action):
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def each_in_turn(files, apply, applied):
    """An action that applies the next of the files and notes it in `applied`; its value is rows/s."""
    left = iter(files)

    def apply_next():
        file = next(left)
        rate = file.rows / seconds_of(lambda: apply(file))
        applied.append(file)
        return rate
    return apply_next


def same_rows(a, b):
    return len(a) == len(b) and all(len(left) == len(right) and all(_same(x, y) for x, y in zip(left, right)) for left, right in zip(a, b))


def _same(a, b):
    left, right = _plain(a), _plain(b)
    if isinstance(left, float) and isinstance(right, float):
        return abs(left - right) <= max(1e-9 * max(1.0, abs(left), abs(right)), _rounding(a, b), _rounding(b, a))
    return left == right


def _rounding(exact, other):
    """How far a decimal may be from a float: MySQL's averages of integers have four digits behind the point."""
    if not isinstance(exact, decimal.Decimal) or not isinstance(other, float):
        return 0.0
    return 0.5000001 * 10.0 ** exact.as_tuple().exponent


def _plain(value):
    """A value as all systems' clients can be compared: a number, or text. A midnight is its day."""
    if value is None:
        return None
    text = value.decode() if isinstance(value, bytes) else str(value)
    try:
        return float(text)
    except ValueError:
        return text.removesuffix(" 00:00:00")
