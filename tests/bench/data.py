"""The rows that benchmarks load, made by seed with DuckDB's hash(), as CSV files that are kept for the next run.

A dataset is a table: its columns in the types that all systems have, and a query that makes its rows. A row's values depend on
its key, the seed, and a salt, so that an update of a row is the same row with another salt.
"""
import dataclasses
import pathlib

import duckdb

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FLIGHTS_FILE = ROOT / ".deps" / "flights" / "flights-3m.parquet"
FLIGHTS = 3_000_000
WIDE_COLUMNS = 100
DOCUMENT_DIGESTS = 31  # of 32 characters each: rows of about 1 KB

ORDER_ROW = """{id} AS id, (hash({id} + {salt}) % 100000)::INT AS customer, ((hash({id} * 3 + {salt}) % 1000000) / 100)::DECIMAL(10,2) AS amount,
  ['new', 'paid', 'sent', 'done', 'lost'][1 + (hash({id} + 7 + {salt}) % 5)::INT] AS status,
  TIMESTAMP '2026-01-01 00:00:00' + INTERVAL 1 SECOND * (hash({id} + 11) % 31536000)::INT AS created,
  (hash({id} + 13 + {salt}) % 50)::INT AS quantity"""
# A made-up flight has an id beyond those of the file, and the values of the file's flight of id modulo their number.
FLIGHT_ROW = """{id} AS flight_id, f.date, (CASE WHEN {salt} = 0 THEN f.delay ELSE (f.delay + {salt} * 7919 + 60) % 600 - 60 END)::INT AS delay,
  f.distance::INT AS distance, f.origin, f.destination"""


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Rows of one table. `columns`: (name, type), the key first; a type is bigint, int, double, datetime, decimal(p,s) or
    varchar(n). `row`: the select list of DuckDB that makes the row of {id} and {salt}. `checks`: columns that a checksum sums.
    `join`: where else the values come from."""
    name: str
    columns: tuple
    row: str
    checks: tuple
    join: str = ""

    @property
    def key(self):
        return self.columns[0][0]

    @property
    def names(self):
        return [name for name, _ in self.columns]

    def definition(self, types, key_suffix=" NOT NULL"):
        """Columns as CREATE TABLE wants them; `types` translates a type."""
        return ", ".join(f"{name} {types(kind)}{key_suffix if name == self.key else ''}" for name, kind in self.columns)

    def checksum(self):
        """A query whose one row depends on every key and on the checked columns, with {t} for the table."""
        sums = ", ".join(f"sum({column})" for column in self.checks)
        return f"SELECT count(*), min({self.key}), max({self.key}), sum({self.key} % 1000003), {sums} FROM {{t}}"

    def query(self, ids, salt):
        """DuckDB's query for the rows of `ids`, a query with the column i."""
        return f"SELECT {self.row.format(id='i', salt=salt)} FROM ({ids}) AS ids{self.join}"


def _wide_column(number):
    """Numbers of several widths, and every tenth column a text."""
    value = f"hash({{id}} * 131 + {number} + {{salt}})"
    if number % 10 == 9:
        return f"c{number}", "varchar(20)", f"'text ' || ({value} % 10000)"
    kind, expression = [("bigint", f"({value} % 16777216)::BIGINT"), ("int", f"({value} % 100000)::INT"),
                        ("double", f"(({value} % 1000000)::DOUBLE / 4)")][number % 3]
    return f"c{number}", kind, expression


_WIDE = [_wide_column(number) for number in range(1, WIDE_COLUMNS)]
ORDERS = Dataset("orders", (("id", "bigint"), ("customer", "int"), ("amount", "decimal(10,2)"), ("status", "varchar(16)"),
                            ("created", "datetime"), ("quantity", "int")), ORDER_ROW, ("customer", "amount", "quantity"))
PROFILES = Dataset("profiles", (("id", "bigint"), *((name, kind) for name, kind, _ in _WIDE)),
                   "{id} AS id, " + ", ".join(f"{expression} AS {name}" for name, _, expression in _WIDE), ("c1", "c2", "c3"))
DOCUMENTS = Dataset("documents", (("id", "bigint"), ("customer", "int"), ("body", "varchar(1024)")),
                    "{id} AS id, (hash({id} + {salt}) % 100000)::INT AS customer, "
                    + " || ".join(f"md5(({{id}} * {DOCUMENT_DIGESTS} + {n} + {{salt}})::VARCHAR)" for n in range(DOCUMENT_DIGESTS))
                    + " AS body", ("customer", "length(body)"))
FLIGHT_ROWS = Dataset("flights", (("flight_id", "bigint"), ("date", "datetime"), ("delay", "int"), ("distance", "int"),
                                  ("origin", "varchar(8)"), ("destination", "varchar(8)")), FLIGHT_ROW, ("delay", "distance"),
                      f" JOIN read_parquet('{FLIGHTS_FILE}', file_row_number = true) f ON f.file_row_number = i % {FLIGHTS}")


@dataclasses.dataclass(frozen=True)
class RowFile:
    """One CSV file of rows, without a header. `bytes`: its size."""
    path: pathlib.Path
    rows: int

    @property
    def bytes(self):
        return self.path.stat().st_size


class DataFolder:
    """Makes files of rows, each once: a file that is there already, made with the same seed and numbers, is used again."""

    def __init__(self, folder, seed):
        self.folder = pathlib.Path(folder)
        self.seed = seed
        self.folder.mkdir(parents=True, exist_ok=True)
        self.duckdb = duckdb.connect()

    def _write(self, name, query, suffix="csv", options="HEADER false"):
        path = self.folder / f"{name}-seed{self.seed}.{suffix}"
        counted = path.with_suffix(".rows")
        if not (path.exists() and counted.exists()):
            part = path.with_suffix(".part")
            rows = self.duckdb.execute(f"COPY ({query}) TO '{part}' ({options})").fetchone()[0]
            part.rename(path)
            counted.write_text(str(rows))
        return RowFile(path, int(counted.read_text()))

    def _salt(self, salt):
        """Salt 0 is the row as it was first, whatever the seed, of flights: those of the file."""
        return salt if salt == 0 else salt + self.seed * 1000

    def base(self, dataset, rows, salt=0, suffix="csv"):
        """Keys 0 to rows - 1, in order. `suffix`: csv or json (lines)."""
        query = dataset.query(f"SELECT range AS i FROM range({rows})", self._salt(salt)) + f" ORDER BY {dataset.key}"
        return self._write(f"{dataset.name}-base{salt}-{rows}", query, suffix, "HEADER false" if suffix == "csv" else "FORMAT json")

    def some(self, dataset, rows, percent, salt):
        """`percent` of the keys 0 to rows - 1, in order, with the values of `salt`."""
        ids = f"SELECT range AS i FROM range({rows}) WHERE hash(range + {self.seed}) % 100 < {percent}"
        return self._write(f"{dataset.name}-some{percent}-{salt}-{rows}", dataset.query(ids, self._salt(salt)) + f" ORDER BY {dataset.key}")

    def merged(self, dataset, base, update, name):
        """The rows of `base` as `update` leaves them, in order."""
        old, new = (f"(FROM read_csv('{file.path}', header = false, columns = {self.columns_clause(dataset)}))" for file in (base, update))
        query = f"SELECT * FROM {old} b ANTI JOIN {new} u USING ({dataset.key}) UNION ALL FROM {new} ORDER BY {dataset.key}"
        return self._write(f"{dataset.name}-merged{name}-{base.rows}", query)

    def batch(self, dataset, keys, rows, existing_percent, spread, number):
        """Upserts in random order: `existing_percent` of the rows have keys below `keys`, chosen by `spread`, the others keys
        beyond that no other `number` has. A key comes once in a batch. `spread`: uniform, or zipf with exponent 1, whose
        frequent keys lie anywhere."""
        known = rows * existing_percent // 100
        seed = self.seed * 7919 + number
        share = f"(hash(range * 2654435761 + {seed}) % 1000000007) / 1000000007.0"
        if spread == "zipf":
            # The inverse of the cumulative density of 1/x on [1, keys + 1); ranks are scattered by a prime.
            drawn = f"(floor(pow({keys} + 1, {share}))::BIGINT - 1) * 179424673 % {keys}"
        else:
            drawn = f"floor({keys} * {share})::BIGINT"
        old = f"SELECT i FROM (SELECT {drawn} AS i, min(range) AS first FROM range({known} * 8) GROUP BY i) ORDER BY first LIMIT {known}"
        new = f"SELECT {keys} + {number} * {rows} + range AS i FROM range({rows - known})"
        query = dataset.query(f"({old}) UNION ALL ({new})", self._salt(number + 1)) + f" ORDER BY hash({dataset.key} + {seed})"
        return self._write(f"{dataset.name}-batch-{keys}-{rows}-{existing_percent}-{spread}-{number}", query)

    def columns_of(self, dataset, rows, percent, columns, salt):
        """Keys as in some(), and only `columns` of their rows."""
        ids = f"SELECT range AS i FROM range({rows}) WHERE hash(range + {self.seed} + {salt}) % 100 < {percent}"
        query = f"SELECT {', '.join([dataset.key, *columns])} FROM ({dataset.query(ids, self._salt(salt))}) ORDER BY hash({dataset.key})"
        return self._write(f"{dataset.name}-columns{len(columns)}-{percent}-{salt}-{rows}", query)

    def keys_of(self, dataset, rows, percent, salt):
        """Keys to delete: `percent` of 0 to rows - 1, in random order."""
        query = f"SELECT range AS i FROM range({rows}) WHERE hash(range * 31 + {self.seed} + {salt}) % 100 < {percent} ORDER BY hash(range)"
        return self._write(f"{dataset.name}-keys-{percent}-{salt}-{rows}", query)

    def columns_clause(self, dataset, names=None):
        kinds = {"datetime": "TIMESTAMP"}
        chosen = [(name, kind) for name, kind in dataset.columns if names is None or name in names]
        return "{" + ", ".join(f"'{name}': '{kinds.get(kind, kind.upper())}'" for name, kind in chosen) + "}"

    def expected(self, dataset, files):
        """The checksum of a table after the upserts of `files`, one after another, computed here: the last row of a key counts."""
        parts = " UNION ALL ".join(
            f"SELECT *, {number} AS turn FROM read_csv('{file.path}', header = false, columns = {self.columns_clause(dataset)})"
            for number, file in enumerate(files))
        checked = sorted({name for check in dataset.checks for name in dataset.names if name in check.replace("(", " ").replace(")", " ").split()})
        newest = ", ".join(f"arg_max({name}, turn) AS {name}" for name in checked)
        return self.duckdb.execute(dataset.checksum().format(t=f"(SELECT {dataset.key}, {newest} FROM ({parts}) GROUP BY {dataset.key})")).fetchall()
