"""What was measured: samples of each system for each piece of work, as a table with medians, spreads and ratios, and as JSON."""
import dataclasses
import statistics

OURS = "Freshet"
REASON_LENGTH = 300


@dataclasses.dataclass
class Figure:
    """One piece of work. `name` is short and stays the same; `limit`: what the machine alone could do at most, (what, value) in
    the same unit."""
    work: str
    name: str
    title: str
    unit: str
    is_lower_better: bool = False
    limit: tuple | None = None
    samples: dict = dataclasses.field(default_factory=dict)
    left_out: dict = dataclasses.field(default_factory=dict)

    def add(self, system, value):
        self.samples.setdefault(system, []).append(float(value))

    def median(self, system):
        values = self.samples.get(system)
        return statistics.median(values) if values else None

    def spread(self, system):
        """Half of what lies between the smallest and the largest sample, as a part of the median."""
        values = self.samples[system]
        middle = statistics.median(values)
        return (max(values) - min(values)) / 2 / middle if middle else 0.0

    def ratio(self, system, ours=OURS):
        """How many times better ours is; None when one of them has no figure."""
        mine, other = self.median(ours), self.median(system)
        if not mine or not other:
            return None
        return other / mine if self.is_lower_better else mine / other

    def part_of_limit(self, system=OURS):
        value = self.median(system)
        if not self.limit or not value or not self.limit[1]:
            return None
        return self.limit[1] / value if self.is_lower_better else value / self.limit[1]

    def as_json(self):
        return {"work": self.work, "name": self.name, "title": self.title, "unit": self.unit, "is_lower_better": self.is_lower_better,
                "limit": self.limit, "samples": self.samples, "left_out": self.left_out,
                "medians": {system: self.median(system) for system in self.samples},
                "ratios": {system: self.ratio(system) for system in self.samples if system != OURS}}


def number(value):
    """Three digits that count, and no more."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def cell(figure, system):
    """A system's figure: our median with its spread, a peer's with how many times better ours is."""
    value = figure.median(system)
    if value is None:
        return "left out" if system in figure.left_out else ""
    if system == OURS:
        several = f" ±{figure.spread(system) * 100:.0f} %" if len(figure.samples[system]) > 1 else ""
        return f"{number(value)}{several}"
    ratio = figure.ratio(system)
    return number(value) if ratio is None else f"{number(value)} ({ratio:.2f}x)"


def table(figures):
    """A Markdown table of the figures of one workload: ours, its part of the machine's limit, and the peers."""
    systems = [OURS]
    for figure in figures:
        systems += [system for system in [*figure.samples, *figure.left_out] if system not in systems]
    has_limit = any(figure.limit for figure in figures)
    head = ["work", "unit", OURS, *(["of the limit"] if has_limit else []), *systems[1:]]
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    for figure in figures:
        part = figure.part_of_limit()
        limit = [] if not has_limit else [f"{part * 100:.0f} % of {figure.limit[0]}" if part is not None else ""]
        unit = figure.unit + (", less is better" if figure.is_lower_better else "")
        lines.append(f"| {' | '.join([figure.title, unit, cell(figure, OURS), *limit, *(cell(figure, system) for system in systems[1:])])} |")
    return "\n".join(lines)


def reasons(figures):
    """Why systems were left out, each reason once."""
    seen = {}
    for figure in figures:
        for system, reason in figure.left_out.items():
            seen.setdefault((system, " ".join(reason.split())[:REASON_LENGTH]), figure.title)
    return [f"{system} is left out of '{title}': {reason}" for (system, reason), title in seen.items()]
