"""MariaDB of Debian: InnoDB with a log that is synced at each commit, loads by LOAD DATA of files on the server."""
import os
import shutil
import subprocess

import pymysql

from bench.peers.freshet_peer import MySqlClient
from bench.peers.system import CACHE_BYTES, START_SECONDS_MAX, System, SystemFailed, end_process, wait_until
from support.free_port import free_port

LOG_BYTES = 2 << 30


class MariaDb(System):
    title = "MariaDB"
    month_of = "DATE_FORMAT({}, '%Y-%m-01')"

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        server = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        user = ["--user=root"] if os.geteuid() == 0 else []
        if not os.path.exists(server):
            raise SystemFailed("it is not installed: run scripts/setup --bench")
        if not (self.folder / "data").exists():
            subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", "--auth-root-authentication-method=normal",
                            *user], check=True, capture_output=True, timeout=START_SECONDS_MAX)
        self.port = free_port()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [server, "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.folder}/socket", f"--port={self.port}",
                 "--bind-address=127.0.0.1", f"--innodb-buffer-pool-size={CACHE_BYTES}", "--innodb-flush-log-at-trx-commit=1",
                 f"--innodb-log-file-size={LOG_BYTES}", "--innodb-io-capacity=2000", "--innodb-io-capacity-max=20000",
                 "--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin", "--secure-file-priv=", "--skip-log-bin", "--div-precision-increment=12",
                 "--max-allowed-packet=64M", "--innodb-buffer-pool-load-at-startup=OFF", *user],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._answers, self.process, self.title)

    def _connect(self):
        return pymysql.connect(unix_socket=f"{self.folder}/socket", user="root", autocommit=True)

    def _answers(self):
        try:
            with self._connect() as connection, connection.cursor() as cursor:
                cursor.execute("CREATE DATABASE IF NOT EXISTS bench")
                cursor.execute("CREATE DATABASE IF NOT EXISTS sbtest")
                # For programs that come over TCP.
                cursor.execute("CREATE USER IF NOT EXISTS 'bench'@'127.0.0.1'")
                cursor.execute("CREATE USER IF NOT EXISTS 'bench'@'localhost'")
                cursor.execute("GRANT ALL ON *.* TO 'bench'@'127.0.0.1'")
                cursor.execute("GRANT ALL ON *.* TO 'bench'@'localhost'")
            return True
        except pymysql.Error:
            return False

    def stop(self):
        self.forget_client()
        end_process(self.process)

    def kill(self):
        self.forget_client()
        self.process.kill()
        self.process.wait()

    def version(self):
        return self.query("SELECT version()")[0][0].split("-")[0]

    def settings(self):
        return (f"innodb_flush_log_at_trx_commit = 1, doublewrite on, no binary log; buffer pool {CACHE_BYTES >> 30} GiB, "
                f"log {LOG_BYTES >> 30} GiB, io_capacity 2000")

    def pids(self):
        return [self.process.pid]

    def connect(self):
        try:
            connection = pymysql.connect(host="127.0.0.1", port=self.port, user="bench", database="bench", autocommit=True)
        except pymysql.Error as error:
            raise SystemFailed(f"cannot connect: {error}") from None
        return MySqlClient(connection)

    def create(self, dataset, table, keyed=True):
        self.drop(table)
        key = f", PRIMARY KEY({dataset.key})" if keyed else ""
        self.query(f"CREATE TABLE {table} ({dataset.definition(str.upper)}{key}) ENGINE = InnoDB")

    @staticmethod
    def _read(file, how, table, names):
        return f"LOAD DATA INFILE '{file.path}' {how} INTO TABLE {table} FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ({', '.join(names)})"

    def load(self, dataset, table, file, limit_seconds):
        self.query(self._read(file, "", table, dataset.names), limit_seconds)

    def upsert(self, dataset, table, file, limit_seconds, client=None):
        (client or self).query(self._read(file, "REPLACE", table, dataset.names), limit_seconds)

    def _stage(self, dataset, table, names, file, limit_seconds):
        """A temporary table with the rows of a file."""
        kinds = dict(dataset.columns)
        definition = ", ".join(f"{name} {kinds[name].upper()}" for name in names)
        self.query(f"CREATE OR REPLACE TEMPORARY TABLE staged ({definition}, PRIMARY KEY({dataset.key})) ENGINE = InnoDB")
        self.query(self._read(file, "", "staged", names), limit_seconds)

    def update_columns(self, dataset, table, columns, file, limit_seconds):
        self._stage(dataset, table, [dataset.key, *columns], file, limit_seconds)
        values = ", ".join(f"t.{column} = n.{column}" for column in columns)
        self.query(f"UPDATE {table} AS t JOIN staged AS n ON t.{dataset.key} = n.{dataset.key} SET {values}", limit_seconds)

    def delete(self, dataset, table, file, limit_seconds):
        self._stage(dataset, table, [dataset.key], file, limit_seconds)
        self.query(f"DELETE t FROM {table} AS t JOIN staged AS n ON t.{dataset.key} = n.{dataset.key}", limit_seconds)

    def table_bytes(self, table):
        return (self.folder / "data" / "bench" / f"{table}.ibd").stat().st_blocks * 512

    def settle(self, table, limit_seconds):
        self.query(f"ANALYZE TABLE {table}", limit_seconds)
