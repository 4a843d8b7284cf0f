"""Random histories of loads, deletes and ALTER TABLE, with restarts and kills, beside a model that fills in defaults by itself."""
import datetime
import decimal
import os

from support.running_load import RunningLoad

OPERATIONS = int(os.environ.get("FRESHET_ALTER_OPERATIONS", "200"))
KEYS = 400

# Each type with the types it can be widened to.
TYPES = {"TINYINT": ("SMALLINT", "INT", "BIGINT", "LARGEINT"), "SMALLINT": ("INT", "BIGINT"), "INT": ("BIGINT", "LARGEINT"),
         "BIGINT": ("LARGEINT",), "LARGEINT": (), "FLOAT": ("DOUBLE",), "DOUBLE": (), "DECIMAL(4,1)": ("DECIMAL(12,1)", "DECIMAL(38,1)"),
         "DECIMAL(12,1)": ("DECIMAL(38,1)",), "DECIMAL(38,1)": (), "VARCHAR(4)": ("VARCHAR(30)", "STRING"), "VARCHAR(30)": ("STRING",),
         "STRING": (), "DATE": (), "DATETIME": ("DATETIME(3)",), "DATETIME(3)": ()}
LARGEST = {"TINYINT": 2**7, "SMALLINT": 2**15, "INT": 2**31, "BIGINT": 2**63, "LARGEINT": 2**127}


def random_value(rng, kind):
    """A value of the type as Python has it."""
    if kind in LARGEST:
        return rng.choice((rng.randrange(-3, 4), rng.randrange(-LARGEST[kind], LARGEST[kind])))
    if kind in ("FLOAT", "DOUBLE"):
        return rng.randrange(-1000, 1000) / 4 + (0.5**40 if kind == "DOUBLE" else 0)
    if kind.startswith("DECIMAL"):
        digits = int(kind[8:-3])
        return decimal.Decimal(rng.randrange(-10**digits + 1, 10**digits)).scaleb(-1, decimal.Context(prec=60))
    if kind == "DATE":
        return datetime.date(2020, 1, 1) + datetime.timedelta(days=rng.randrange(2000))
    if kind.startswith("DATETIME"):
        millis = rng.randrange(1000) if kind.endswith("(3)") else 0
        return datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=rng.randrange(10**8), milliseconds=millis)
    return "".join(rng.choice("abcd") for _ in range(rng.randrange(1, 5 if kind == "VARCHAR(4)" else 25)))


def text_of(value):
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] if value.microsecond else value.strftime("%Y-%m-%d %H:%M:%S")
    return "\\N" if value is None else str(value)


class Column:
    def __init__(self, name, kind, default=None, initial=None):
        self.name, self.kind, self.default, self.initial = name, kind, default, initial

    def definition(self):
        return f"{self.name} {self.kind}" + ("" if self.default is None else f" DEFAULT '{text_of(self.default)}'")


class Table:
    """The server's table beside what it must hold: rows are {column: value}; a column that is missing has its initial default."""

    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        self.columns = [Column("a", "TINYINT"), Column("b", "VARCHAR(4)"), Column("c", "FLOAT", 0.25)]
        self.rows = {}
        self.versions = {}
        self.names_used = 0
        server.sql("CREATE DATABASE d")
        server.sql("CREATE TABLE d.t (k INT NOT NULL, a TINYINT, b VARCHAR(4), c FLOAT DEFAULT '0.25') UNIQUE KEY(k) "
                   "DISTRIBUTED BY HASH(k) BUCKETS 2 PROPERTIES ('history_retention_seconds' = '3600')")

    def some_keys(self):
        return self.rng.sample(range(KEYS), self.rng.choice((1, 3, 20, 150)))

    def new_rows(self):
        """Rows of the columns of now, some of them left to their default."""
        given = [column for column in self.columns if self.rng.random() < 0.8]
        rows = {}
        for key in self.some_keys():
            row = {column: column.default for column in self.columns}
            row.update((column, None if self.rng.random() < 0.1 else random_value(self.rng, column.kind)) for column in given)
            rows[key] = row
        return given, rows

    def load(self, meanwhile=None):
        given, rows = self.new_rows()
        names = ",".join(["k"] + [column.name for column in given])
        lines = ["|".join([str(key)] + [text_of(row[column]) for column in given]) + "\n" for key, row in rows.items()]

        load = RunningLoad(self.server, "d", "t", column_separator="|", columns=names)
        load.send("".join(lines[::2]))
        if meanwhile:
            meanwhile()
        load.send("".join(lines[1::2]))
        load.finish()
        self.rows.update(rows)

    def insert(self):
        given, rows = self.new_rows()
        literal = lambda value: "NULL" if value is None else f"'{text_of(value)}'"
        values = ", ".join(f"({', '.join([str(key)] + [literal(row[column]) for column in given])})" for key, row in rows.items())
        self.server.sql(f"INSERT INTO d.t ({', '.join(['k'] + [column.name for column in given])}) VALUES {values}")
        self.rows.update(rows)

    def delete(self):
        keys = self.some_keys()
        self.server.load("d", "t", "".join(f"{key}\n" for key in keys), column_separator="|", columns="k", merge_type="DELETE")
        for key in keys:
            self.rows.pop(key, None)

    def alter(self):
        """One statement of one to three clauses."""
        clauses = [self.change() for _ in range(self.rng.choice((1, 1, 2, 3)))]
        self.server.sql("ALTER TABLE d.t " + ", ".join(clauses))

    def change(self):
        rng = self.rng
        choice = rng.random()
        column = rng.choice(self.columns)
        if choice < 0.35 or len(self.columns) < 3:
            # Names of columns that were dropped come again.
            free = [name for name in "abcdefgh" if name not in {other.name for other in self.columns}]
            if not free:
                return self.drop(column)
            kind = rng.choice([*TYPES])
            default = random_value(rng, kind) if rng.random() < 0.6 else None
            place = rng.randrange(len(self.columns) + 1)
            added = Column(rng.choice(free), kind, default, default)
            after = "k" if place == 0 else self.columns[place - 1].name
            self.columns.insert(place, added)
            return f"ADD COLUMN {added.definition()} AFTER {after}"
        if choice < 0.5:
            return self.drop(column)
        if choice < 0.6:
            old = column.name
            self.names_used += 1
            column.name = f"r{self.names_used}"
            return f"RENAME COLUMN {old} {column.name}"
        if choice < 0.7:
            rng.shuffle(self.columns)
            return f"ORDER BY ({', '.join(['k'] + [other.name for other in self.columns])})"
        if TYPES[column.kind] and choice < 0.9:
            column.kind = rng.choice(TYPES[column.kind])
        else:
            column.default = random_value(rng, column.kind) if rng.random() < 0.7 else None
        return f"MODIFY COLUMN {column.definition()}"

    def drop(self, column):
        self.columns.remove(column)
        for row in self.rows.values():
            row.pop(column, None)
        return f"DROP COLUMN {column.name}"

    def keep_version(self):
        """Remembers the rows of now; whenever they are read, it is under the columns of that time."""
        self.versions[int(self.server.sql("SHOW VERSIONS FROM d.t LIMIT 1")[0][0])] = {key: dict(row) for key, row in self.rows.items()}

    def expected(self, key, rows=None):
        return tuple((self.rows if rows is None else rows)[key].get(column, column.initial) for column in self.columns)

    def read(self, condition=""):
        names = ", ".join(f"CAST({column.name} AS VARCHAR)" if column.kind == "LARGEINT" else column.name for column in self.columns)
        rows = self.server.sql(f"SELECT k, {names} FROM d.t {condition}")
        numbers = [i for i, column in enumerate(self.columns) if column.kind == "LARGEINT"]
        return {row[0]: tuple(int(value) if i in numbers and value is not None else value for i, value in enumerate(row[1:]))
                for row in rows}

    def check(self):
        assert [row[0] for row in self.server.sql("DESC d.t")] == ["k"] + [column.name for column in self.columns]
        found = self.read()
        assert found.keys() == self.rows.keys()
        for key in found:
            for column, value, expected in zip(self.columns, found[key], self.expected(key)):
                assert value == expected, (key, column.name, column.kind, column.initial)
        for version in self.rng.sample(sorted(self.versions), min(2, len(self.versions))):
            rows = self.versions[version]
            assert self.read(f"FOR VERSION AS OF {version}") == {key: self.expected(key, rows) for key in rows}, version
        for key in self.rng.sample(range(KEYS), 4):
            assert self.read(f"WHERE k = {key}") == ({key: self.expected(key)} if key in self.rows else {})
        for i, column in enumerate(self.columns):
            values = [self.expected(key)[i] for key in self.rows]
            if not values:
                continue
            wanted = self.rng.choice(values)
            condition = "IS NULL" if wanted is None else f"= '{text_of(wanted)}'"
            found = self.server.value(f"SELECT count(*) FROM d.t WHERE {column.name} {condition}")
            assert found == values.count(wanted), (column.name, column.kind, condition)
            if column.kind in LARGEST and wanted is not None:
                assert self.server.value(f"SELECT count(*) FROM d.t WHERE {column.name} > {wanted}") \
                    == sum(value is not None and value > wanted for value in values), (column.name, wanted)


def test_random_changes_equal_the_model(make_server, rng):
    server = make_server({"storage.delta_flush_rows": 400, "compaction.trigger_segments": 3})
    table = Table(server, rng)
    for _ in range(OPERATIONS):
        choice = rng.random()
        if choice < 0.3:
            table.load()
        elif choice < 0.45:
            table.insert()
        elif choice < 0.5:
            table.delete()
        elif choice < 0.6:
            # Rows that were made for the schema before the change, and commit after it.
            table.load(meanwhile=table.alter)
        elif choice < 0.88:
            table.alter()
        elif choice < 0.93:
            server.sql("ALTER TABLE d.t COMPACT")
        elif choice < 0.965:
            server.restart()
        else:
            server.kill()
            server.start()
        if choice < 0.6 and rng.random() < 0.3:
            table.keep_version()
        if rng.random() < 0.4:
            table.check()
    table.check()
    server.sql("ALTER TABLE d.t COMPACT")
    table.check()
