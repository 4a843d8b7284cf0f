"""DuckDB of PyPI: a table of its own with a primary key, upserts by INSERT OR REPLACE. Each commit is synced to its log."""
import os

from bench.peers.embedded import EmbeddedEngine
from bench.peers.system import CACHE_BYTES

MEMORY_BYTES = 4 * CACHE_BYTES  # It has one limit for pages and queries.


class DuckDb(EmbeddedEngine):
    title = "DuckDB"
    engine = "duckdb"
    upsert_words = "INSERT OR REPLACE INTO"

    def start(self):
        super().start()
        self.query([f"SET threads = {os.cpu_count()}", f"SET memory_limit = '{MEMORY_BYTES >> 30}GiB'"])

    def version(self):
        return self.query("SELECT library_version FROM pragma_version()")[0][0]

    def settings(self):
        return f"each commit synced to its log; native tables with PRIMARY KEY; {MEMORY_BYTES >> 30} GiB for pages and queries"

    def create(self, dataset, table, keyed=True):
        key = f", PRIMARY KEY({dataset.key})" if keyed else ""
        self.query([f"DROP TABLE IF EXISTS {table}", f"CREATE TABLE {table} ({dataset.definition(self._type)}{key})"])

    @staticmethod
    def _type(kind):
        return {"datetime": "TIMESTAMP"}.get(kind, kind.upper())

    def rows_of(self, dataset, file, names=None):
        kinds = ", ".join(f"'{name}': '{self._type(kind)}'" for name, kind in dataset.columns if names is None or name in names)
        return f"read_csv('{file.path}', header = false, columns = {{{kinds}}})"

    def update_columns(self, dataset, table, columns, file, limit_seconds):
        values = ", ".join(f"{column} = n.{column}" for column in columns)
        self.query(f"UPDATE {table} SET {values} FROM {self.rows_of(dataset, file, [dataset.key, *columns])} AS n "
                   f"WHERE {table}.{dataset.key} = n.{dataset.key}", limit_seconds)

    def delete(self, dataset, table, file, limit_seconds):
        self.query(f"DELETE FROM {table} USING {self.rows_of(dataset, file, [dataset.key])} AS n "
                   f"WHERE {table}.{dataset.key} = n.{dataset.key}", limit_seconds)

    def table_bytes(self, table):
        """Of all its tables: one at a time has rows when this is asked."""
        return self.query("SELECT used_blocks * block_size FROM pragma_database_size()")[0][0]

    def settle(self, table, limit_seconds):
        self.query("CHECKPOINT", limit_seconds)
