"""Partitions that come, are emptied and go while rows are upserted and updated in part, and older versions of their table."""
from support.crash_worker import Worker, differences, need

VERSIONS_KEPT = 20
PARTITIONS_MAX = 6
KEYS = 200


class Partitions(Worker):
    """Changes of d.p alone. The state: number of a partition -> id -> (a, b)."""

    TABLE = ('CREATE TABLE d.p (id BIGINT NOT NULL, part INT NOT NULL, a BIGINT, b BIGINT) UNIQUE KEY(id, part) PARTITION BY RANGE(part) '
             '(PARTITION p0 VALUES [("0"), ("1"))) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("history_retention_seconds" = "100000")')

    def __init__(self, server, rng):
        super().__init__(server, rng)
        self.state = {0: {}}
        self.number = 0
        self.pending = None  # (the state after it,)
        self.versions = {}   # version -> the state then; of those since a partition went or was emptied

    def step(self):
        self.number += 1
        choice = self.rng.random()
        if choice < 0.5 or len(self.state) < 2:
            self.upsert()
        elif choice < 0.75:
            self.update_in_part()
        else:
            self.change_partitions()
        self.state, self.pending = self.pending[0], None
        self.acknowledged += 1
        if self.rng.random() < 0.3:
            version = int(self.sql("SHOW VERSIONS FROM d.p LIMIT 1")[0][0])
            self.versions[version] = self.state
            while len(self.versions) > VERSIONS_KEPT:
                del self.versions[min(self.versions)]
        if len(self.state) < 2 or self.rng.random() < 0.05:
            self.add_partition()

    def choose_rows(self):
        part = self.rng.choice(sorted(self.state))
        return part, self.rng.sample(range(KEYS), self.rng.choice((1, 3, KEYS)))

    def upsert(self):
        part, ids = self.choose_rows()
        self.pending = (self.with_rows(part, {row: (self.number, -self.number) for row in ids}),)
        if self.rng.random() < 0.5:
            self.sql("INSERT INTO d.p VALUES " + ", ".join(f"({row}, {part}, {self.number}, {-self.number})" for row in ids))
        else:
            self.load("p", "".join(f"{row},{part},{self.number},{-self.number}\n" for row in ids))

    def update_in_part(self):
        part, ids = self.choose_rows()
        known = self.state[part]
        self.pending = (self.with_rows(part, {row: (known.get(row, (None, None))[0], self.number) for row in ids}),)
        self.load("p", "".join(f"{row},{part},{self.number}\n" for row in ids), columns="id,part,b", partial_columns="true")

    def change_partitions(self):
        part = self.rng.choice(sorted(self.state))
        self.versions = {}
        if self.rng.random() < 0.5:
            self.pending = ({**self.state, part: {}},)
            self.sql(f"TRUNCATE TABLE d.p PARTITION(p{part})")
        else:
            self.pending = ({number: rows for number, rows in self.state.items() if number != part},)
            self.sql(f"ALTER TABLE d.p DROP PARTITION p{part}")

    def add_partition(self):
        if len(self.state) >= PARTITIONS_MAX:
            return
        part = next(number for number in range(PARTITIONS_MAX) if number not in self.state)
        self.pending = ({**self.state, part: {}},)
        self.sql(f'ALTER TABLE d.p ADD PARTITION p{part} VALUES [("{part}"), ("{part + 1}"))')
        self.state, self.pending = self.pending[0], None
        self.acknowledged += 1

    def with_rows(self, part, changes):
        return {**self.state, part: {**self.state[part], **changes}}

    def read(self, as_of=""):
        rows = {}
        for row, part, a, b in self.server.sql(f"SELECT id, part, a, b FROM d.p{as_of}"):
            need((row, part) not in rows, f"key {row} of partition {part} is there twice{as_of}")
            rows[row, part] = (a, b)
        return rows

    def settle(self):
        parts = {int(line[1][1:]) for line in self.server.sql("SHOW PARTITIONS FROM d.p")}
        found = self.read()
        states = [self.state, *(self.pending or ())]
        matching = [state for state in states if parts == state.keys() and found == flat(state)]
        need(matching, f"d.p has partitions {parts}, not {sorted(self.state)}:", differences(found, flat(self.state)))
        self.state, self.pending = matching[0], None
        for version in self.rng.sample(sorted(self.versions), min(3, len(self.versions))):
            then = self.read(f" FOR VERSION AS OF {version}")
            need(then == flat(self.versions[version]), f"version {version} of d.p:", differences(then, flat(self.versions[version])))


def flat(state):
    return {(row, part): values for part, rows in state.items() for row, values in rows.items()}
