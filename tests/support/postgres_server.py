"""PostgreSQL of Debian: one server process on a free port and a folder of its own."""
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from support.free_port import free_port

VERSIONS = pathlib.Path("/usr/lib/postgresql")
START_SECONDS_MAX = 60
USER = "postgres"
# For tests: ready for logical replication, and fast.
FOR_TESTS = {"wal_level": "logical", "fsync": "off"}


class PostgresServer:
    """`settings`: of postgresql.conf; those of FOR_TESTS are not durable."""

    def __init__(self, settings=FOR_TESTS):
        installed = sorted(VERSIONS.glob("*/bin"), key=lambda path: int(path.parent.name))
        assert installed, f"there is no PostgreSQL in {VERSIONS}: run scripts/setup --full"
        self.programs = installed[-1]
        # It refuses to run as root, and pytest's folders are root's alone.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="freshet-postgres-"))
        if os.geteuid() == 0:
            owner = pwd.getpwnam(USER)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.data = self.folder / "data"
        self.settings = dict(settings)
        self.port = free_port()

    def start(self):
        if not self.data.exists():
            self._run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync")
            settings = {"listen_addresses": "'127.0.0.1'", "port": self.port, "unix_socket_directories": f"'{self.folder}'",
                        "timezone": "'UTC'", **self.settings}
            with open(self.data / "postgresql.conf", "a") as file:
                file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self._run("pg_ctl", "-w", "-t", START_SECONDS_MAX, "-D", self.data, "-l", self.folder / "log", "start")
        return self

    def end(self, how="immediate"):
        """Ends it with all its connections, as a crash would, or "fast": in order. Its data stay."""
        self._run("pg_ctl", "-w", "-D", self.data, "-m", how, "stop")

    def stop(self):
        """Ends it and removes its data."""
        self.end()
        shutil.rmtree(self.folder)

    def pid(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def sql(self, statements):
        """Runs statements; the output of the last one, a line for each row, values between '|', NULL as \\N."""
        return self._run("psql", *self.connection, "-v", "ON_ERROR_STOP=1", "-At", "-P", "null=\\N", "-c", statements)

    def pgbench(self, *arguments):
        """pgbench against this server; its output."""
        return self._run("pgbench", *self.connection, *arguments)

    def pgbench_process(self, *arguments):
        """pgbench in the background, as a process that the caller waits for."""
        return subprocess.Popen(self._command("pgbench", *self.connection, *arguments), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, cwd=self.folder)

    @property
    def connection(self):
        return ["-h", "127.0.0.1", "-p", self.port, "-U", USER]

    def _command(self, program, *arguments):
        as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
        return [*as_user, str(self.programs / program), *map(str, arguments)]

    def _run(self, program, *arguments):
        done = subprocess.run(self._command(program, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, cwd=self.folder)
        assert done.returncode == 0, f"{program}: {done.stderr[-2000:]}"
        return done.stdout
