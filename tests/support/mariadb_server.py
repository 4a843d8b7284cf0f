"""A private MariaDB server, the judge of expressions: data and socket in a temporary folder, no network."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pymysql

START_SECONDS_MAX = 60
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")


def server_binary():
    """The path of MariaDB's server, or None when it is not installed (Debian: mariadb-server)."""
    return shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")


class MariaDbServer:
    """Texts compare by their bytes, as Freshet's do; the time zone is UTC."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="freshet-judge-"))
        user = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data",
                        "--auth-root-authentication-method=normal", *user], check=True, capture_output=True, timeout=120)
        self.process = subprocess.Popen(
            [server_binary(), "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.folder}/socket", "--skip-networking",
             "--character-set-server=utf8mb4", "--collation-server=utf8mb4_nopad_bin", "--default-time-zone=+00:00",
             "--innodb-buffer-pool-size=32M", *user],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                self.connect().close()
                self.load_zones()
                return self
            except pymysql.Error:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def load_zones(self):
        """Makes the zones of ZONES known by their names."""
        with self.connect(database="mysql") as connection, connection.cursor() as cursor:
            for zone in ZONES:
                script = subprocess.run(["mariadb-tzinfo-to-sql", f"/usr/share/zoneinfo/{zone}", zone], check=True, capture_output=True, text=True)
                for statement in script.stdout.split(";\n"):
                    if statement.strip():
                        cursor.execute(statement)

    def connect(self, **options):
        connection = pymysql.connect(unix_socket=f"{self.folder}/socket", user="root", charset="utf8mb4", autocommit=True, **options)
        with connection.cursor() as cursor:
            cursor.execute("SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin")
        return connection

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
