"""Clients that each own a column of a table and update it in rows that all share, while the table is compacted and killed."""
import random as random_module
import threading
from concurrent.futures import ThreadPoolExecutor


class ColumnOwners:
    """The table d.t (id, c0, c1, ..., note) has the rows 0 to keys - 1 with -1, -2, ... and 'x'."""

    def __init__(self, server, rng, columns, keys):
        self.server, self.columns, self.keys = server, columns, keys
        self.expected = [{key: -(i + 1) for key in range(keys)} for i in range(columns)]
        self.seeds = [rng.random() for _ in range(columns)]
        defaults = ",".join(str(-(i + 1)) for i in range(columns))
        server.load("d", "t", "".join(f"{key},{defaults},x\n" for key in range(keys)), column_separator=",")

    def run(self, rounds, steps, sizes, update):
        """update(client, round, step, keys, value) writes the value into the client's column of these rows."""

        def run_client(client, round_):
            random = random_module.Random(f"{self.seeds[client]} {round_}")
            for step in range(steps):
                chosen = random.sample(range(self.keys), random.choice(sizes))
                value = (round_ * 1000 + step) * self.columns + client
                answer = update(client, round_, step, chosen, value)
                assert answer["Status"] == "Success", answer
                for key in chosen:
                    self.expected[client][key] = value

        stopping = threading.Event()

        def compact():
            while not stopping.wait(0.05):
                self.server.sql("ALTER TABLE d.t COMPACT")

        for round_ in range(rounds):
            stopping.clear()
            with ThreadPoolExecutor(self.columns + 1) as pool:
                compacting = pool.submit(compact)
                try:
                    list(pool.map(run_client, range(self.columns), [round_] * self.columns))
                finally:
                    stopping.set()
                compacting.result()
            self.server.kill()
            self.server.start()
            self.check()

    def check(self):
        columns = ", ".join(f"c{i}" for i in range(self.columns))
        stored = self.server.sql(f"SELECT id, {columns}, note FROM d.t WHERE id < {self.keys} ORDER BY id")
        assert stored == [(key, *(column[key] for column in self.expected), "x") for key in range(self.keys)]
