"""ClickHouse of PyPI's chdb: ReplacingMergeTree, read with FINAL so that a key has one row. It looks nothing up when it is written
to, and by default syncs nothing: `Synced` turns fsync on for inserted parts, as durable as the others are; `Unsynced` is the
default, to be printed beside."""
from bench.peers.embedded import EmbeddedEngine
from bench.peers.system import NotOffered

SYNCED = "fsync_after_insert = 1, fsync_part_directory = 1"


class ClickHouse(EmbeddedEngine):
    title = "ClickHouse"
    engine = "chdb"
    table_settings = SYNCED
    month_of = "toStartOfMonth({})"
    day_of = "toDate({})"

    def start(self):
        super().start()
        self.query(["CREATE DATABASE IF NOT EXISTS bench", "USE bench"])

    def version(self):
        return self.query("SELECT version()")[0][0]

    def settings(self):
        return f"ReplacingMergeTree SETTINGS {self.table_settings or 'by default, which syncs nothing'}; files cached by the system"

    @staticmethod
    def _type(kind):
        if kind.startswith("varchar"):
            return "String"
        return {"bigint": "Int64", "int": "Int32", "double": "Float64", "datetime": "DateTime('UTC')"}.get(kind, kind.capitalize())

    def create(self, dataset, table, keyed=True, engine="ReplacingMergeTree"):
        settings = f" SETTINGS {self.table_settings}" if self.table_settings else ""
        self.query([f"DROP TABLE IF EXISTS {table} SYNC",
                    f"CREATE TABLE {table} ({dataset.definition(self._type, '')}) ENGINE = {engine if keyed else 'MergeTree'} "
                    f"ORDER BY {dataset.key}{settings}"])

    def drop(self, table):
        self.query(f"DROP TABLE IF EXISTS {table} SYNC")

    def rows_of(self, dataset, file, names=None):
        columns = ", ".join(f"{name} {self._type(kind)}" for name, kind in dataset.columns if names is None or name in names)
        return f"file('{file.path}', 'CSV', '{columns.replace(chr(39), chr(92) + chr(39))}')"

    def update_columns(self, dataset, table, columns, file, limit_seconds):
        raise NotOffered("ReplacingMergeTree takes whole rows")

    def delete(self, dataset, table, file, limit_seconds):
        self.query(f"DELETE FROM {table} WHERE {dataset.key} IN (SELECT {dataset.key} FROM {self.rows_of(dataset, file, [dataset.key])})",
                   limit_seconds)

    def settle(self, table, limit_seconds):
        self.query(f"OPTIMIZE TABLE {table} FINAL", limit_seconds)

    def table_bytes(self, table):
        return int(self.query(f"SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = '{table}'")[0][0])

    def read_query(self, sql, table):
        return super().read_query(sql, table) + " SETTINGS final = 1"

    def read_plain(self, sql, table):
        """As if no key had several rows: right only when settle() has made it so."""
        return super().read_query(sql, table)

    def merge_in_background(self, table, is_wanted):
        self.query(f"SYSTEM {'START' if is_wanted else 'STOP'} MERGES {table}")


class UnsyncedClickHouse(ClickHouse):
    title = "ClickHouse, not synced"
    table_settings = ""
