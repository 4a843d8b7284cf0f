"""PostgreSQL of Debian: synced commits, loads by COPY, upserts by COPY into a temporary table and ON CONFLICT."""
import os

from bench.peers.system import CACHE_BYTES, Client, System, SystemFailed, process_tree
from support.postgres_server import USER, PostgresServer

PIECE_BYTES = 1 << 20
SETTINGS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "wal_level": "minimal", "max_wal_senders": 0,
            "shared_buffers": f"{CACHE_BYTES >> 20}MB", "effective_cache_size": f"{CACHE_BYTES >> 19}MB", "work_mem": "256MB",
            "maintenance_work_mem": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "15min", "jit": "off",
            "max_parallel_workers_per_gather": os.cpu_count()}


class PostgresClient(Client):
    def __init__(self, connection):
        self.connection = connection
        self.limit_seconds = None

    def query(self, sql, limit_seconds=60):
        import psycopg
        try:
            with self.cursor(limit_seconds) as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise SystemFailed(f"{error} from: {sql[:200]}") from None

    def cursor(self, limit_seconds):
        if limit_seconds != self.limit_seconds:
            self.connection.execute(f"SET statement_timeout = {int(limit_seconds * 1000)}")
            self.limit_seconds = limit_seconds
        return self.connection.cursor()

    def close(self):
        self.connection.close()


class Postgres(System):
    title = "PostgreSQL"
    month_of = "date_trunc('month', {})"

    def __init__(self, folder):
        super().__init__(folder)
        self.server = None

    def start(self):
        try:
            if self.server is None:
                self.server = PostgresServer(SETTINGS)
                self.folder = self.server.folder
            self.server.start()
        except AssertionError as error:
            raise SystemFailed(str(error)) from None
        if not self.query("SELECT 1 FROM pg_database WHERE datname = 'sbtest'"):
            self.query("CREATE DATABASE sbtest")

    def stop(self):
        self._end("fast")

    def kill(self):
        self._end("immediate")

    def _end(self, how):
        self.forget_client()
        if (self.server.data / "postmaster.pid").exists():
            self.server.end(how)

    def version(self):
        return self.query("SHOW server_version")[0][0].split()[0]

    def settings(self):
        return "fsync, synchronous_commit, full_page_writes on; " + ", ".join(
            f"{name} {SETTINGS[name]}" for name in ("shared_buffers", "work_mem", "max_wal_size", "wal_level"))

    def pids(self):
        return process_tree(self.server.pid())

    def connect(self):
        import psycopg
        try:
            return PostgresClient(psycopg.connect(host="127.0.0.1", port=self.server.port, user=USER, dbname="postgres", autocommit=True))
        except psycopg.Error as error:
            raise SystemFailed(f"cannot connect: {error}") from None

    @staticmethod
    def _type(kind):
        return {"datetime": "timestamp", "double": "double precision"}.get(kind, kind)

    def create(self, dataset, table, keyed=True):
        self.drop(table)
        key = f", PRIMARY KEY({dataset.key})" if keyed else ""
        self.query(f"CREATE TABLE {table} ({dataset.definition(self._type)}{key})")

    def _copy(self, client, table, names, file, limit_seconds):
        import psycopg
        try:
            with client.cursor(limit_seconds) as cursor, open(file.path, "rb") as body, \
                    cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT csv)") as copy:
                while piece := body.read(PIECE_BYTES):
                    copy.write(piece)
        except psycopg.Error as error:
            raise SystemFailed(f"{error} while copying {file.path.name}") from None

    def load(self, dataset, table, file, limit_seconds):
        self.query("SELECT 1")
        self._copy(self.client_of_driver, table, dataset.names, file, limit_seconds)

    def _stage(self, dataset, table, names, file, limit_seconds, client):
        """A temporary table with the rows of a file, and the client that has it."""
        if client is None:
            self.query("SELECT 1")
            client = self.client_of_driver
        client.query("DROP TABLE IF EXISTS staged")
        client.query(f"CREATE TEMPORARY TABLE staged AS SELECT {', '.join(names)} FROM {table} LIMIT 0")
        self._copy(client, "staged", names, file, limit_seconds)
        return client

    def upsert(self, dataset, table, file, limit_seconds, client=None):
        client = self._stage(dataset, table, dataset.names, file, limit_seconds, client)
        values = ", ".join(f"{name} = excluded.{name}" for name in dataset.names[1:])
        client.query(f"INSERT INTO {table} SELECT * FROM staged ON CONFLICT ({dataset.key}) DO UPDATE SET {values}", limit_seconds)

    def update_columns(self, dataset, table, columns, file, limit_seconds):
        client = self._stage(dataset, table, [dataset.key, *columns], file, limit_seconds, None)
        values = ", ".join(f"{column} = n.{column}" for column in columns)
        client.query(f"UPDATE {table} AS t SET {values} FROM staged AS n WHERE t.{dataset.key} = n.{dataset.key}", limit_seconds)

    def delete(self, dataset, table, file, limit_seconds):
        client = self._stage(dataset, table, [dataset.key], file, limit_seconds, None)
        client.query(f"DELETE FROM {table} AS t USING staged AS n WHERE t.{dataset.key} = n.{dataset.key}", limit_seconds)

    def table_bytes(self, table):
        return self.query(f"SELECT pg_total_relation_size('{table}')")[0][0]

    def settle(self, table, limit_seconds):
        self.query(f"VACUUM ANALYZE {table}", limit_seconds)
