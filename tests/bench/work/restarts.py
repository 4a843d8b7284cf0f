"""From a crash to the first answer, over the tables of the scans and what was upserted into them since."""
import time

from bench.work import tables


def run(course):
    systems = tables.prepare(course)
    figure = course.figure("restart", f"from SIGKILL to the first answer, {2 * course.sizes.scan_rows:,} rows", "s", is_lower_better=True)
    counts = {}

    def count(system):
        return system.query(system.read_query("SELECT count(*) FROM {t}", "orders"), 120)

    def again(system):
        if system.title not in counts:
            counts[system.title] = count(system)
        system.kill()
        begin = time.monotonic()
        system.start()
        rows = count(system)
        seconds = time.monotonic() - begin
        course.agree("rows after a crash", [("before", counts[system.title]), (system.title, rows)])
        return seconds

    course.race(figure, [(system.title, system, lambda system=system: again(system)) for system in systems], rounds=min(2, course.sizes.rounds))
