"""Bulk loads into empty tables, and what the loaded rows take on disk."""
from bench.course import seconds_of
from bench.data import DOCUMENTS, FLIGHT_ROWS, FLIGHTS_FILE, ORDERS, PROFILES
from bench.figures import OURS
from bench.work.limits import WHAT

LIMIT_SECONDS = 120
DUPLICATE = "Freshet, DUPLICATE table"
UNIQUE = "Freshet, UNIQUE table"
AGGREGATIONS = {"customer": "int max", "amount": "decimal(20,2) sum", "status": "varchar(16) replace", "created": "datetime min",
                "quantity": "bigint sum"}
HALF_KNOWN = 900  # The number of the batch whose keys are known by half.
WITHOUT_KEY = "DuckDB, no key"


def run(course):
    sizes = course.sizes
    sets = [(ORDERS, sizes.rows, "six columns"), (PROFILES, sizes.wide_rows, "100 columns"), (DOCUMENTS, sizes.document_rows, "1 KB rows"),
            (FLIGHT_ROWS, sizes.rows, "flights")]
    if not FLIGHTS_FILE.exists():
        sets.pop()
        course.skipped.append("bulk load of flights: scripts/setup --data fetches them")
    for dataset, rows, words in sets:
        file = course.data.base(dataset, rows)
        _race(course, dataset, file, f"bulk load of {rows:,} rows, CSV, {words}")
    file = course.data.base(ORDERS, sizes.rows, suffix="json")
    _race_aggregates(course)
    figure = course.figure("load orders json", f"bulk load of {file.rows:,} rows, JSON lines, six columns", "rows/s", limit=WHAT["json_rows"])
    course.race(figure, [(OURS, course.ours(), lambda: _load(course.ours(), ORDERS, file, True))])
    course.ours().drop("loaded")


def _race_aggregates(course):
    """AGGREGATE KEY tables beside UNIQUE ones: new keys, and when every second is stored already."""
    freshet, rows = course.ours(), course.sizes.rows
    base, half = course.data.base(ORDERS, rows), course.data.batch(ORDERS, rows, rows, 50, "uniform", HALF_KNOWN)

    def load(model, files):
        """Rows/s of the last of the files."""
        freshet.create_as(model, ORDERS, "loaded", AGGREGATIONS if model == "AGGREGATE" else None)
        for file in files:
            seconds = seconds_of(lambda file=file: freshet.load(ORDERS, "loaded", file, LIMIT_SECONDS))
        return files[-1].rows / seconds

    for name, words, files in (("new", "new keys", [base]), ("half", "every second key is stored", [base, half])):
        figure = course.figure(f"load orders aggregate {name}", f"load of {rows:,} rows into an AGGREGATE KEY table, {words}", "rows/s")
        course.race(figure, [(OURS, freshet, lambda files=files: load("AGGREGATE", files)),
                             (UNIQUE, freshet, lambda files=files: load("UNIQUE", files))])


def _load(system, dataset, file, keyed):
    system.create(dataset, "loaded", keyed)
    return file.rows / seconds_of(lambda: system.load(dataset, "loaded", file, LIMIT_SECONDS))


def _race(course, dataset, file, title):
    limit = WHAT["csv_rows"] if dataset is ORDERS else None
    figure = course.figure(f"load {dataset.name} csv", title, "rows/s", limit=limit)
    if limit is None and course.limits:
        figure.limit = ("the bytes found by memchr", course.limits[WHAT["csv_bytes"]] * file.rows / file.bytes)
    # Without unique keys: what looking keys up costs. Those with a key come last in each turn, and are checked.
    runs = [(title, system, lambda system=system: _load(system, dataset, file, False)) for system in course.live()
            for title, of in ((DUPLICATE, OURS), (WITHOUT_KEY, "DuckDB")) if of == system.title]
    runs += [(system.title, system, lambda system=system: _load(system, dataset, file, True)) for system in course.live()]
    course.race(figure, runs)
    _check_and_weigh(course, dataset, file, title)
    for system in course.live():
        course.attempt(system, lambda system=system: system.drop("loaded"))


def _check_and_weigh(course, dataset, file, title):
    answers = [("DuckDB over the file", course.data.expected(dataset, [file]))]
    disk = course.figure(f"disk {dataset.name}", f"disk after the {title.split(', CSV')[0]} ({dataset.name}), settled", "bytes/row",
                         is_lower_better=True)
    disk.add("the CSV file", file.bytes / file.rows)
    for system in course.live():
        if system.has_sql:
            course.attempt(system, lambda system=system: answers.append(
                (system.title, system.query(system.read_query(dataset.checksum(), "loaded")))))

        def weigh(system=system):
            system.settle("loaded", LIMIT_SECONDS)
            disk.add(system.title, system.table_bytes("loaded") / file.rows)
        course.attempt(system, weigh)
    course.agree(f"rows after the {title}", answers)
