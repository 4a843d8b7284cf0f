"""PostgreSQL of Debian for tests: one server process on a free port and a folder of its own, ready for logical replication."""
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

VERSIONS = pathlib.Path("/usr/lib/postgresql")
START_SECONDS_MAX = 60
USER = "postgres"


class PostgresServer:
    def __init__(self):
        installed = sorted(VERSIONS.glob("*/bin"), key=lambda path: int(path.parent.name))
        assert installed, f"there is no PostgreSQL in {VERSIONS}: run scripts/setup --full"
        self.programs = installed[-1]
        # It refuses to run as root, and pytest's folders are root's alone.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="freshet-postgres-"))
        if os.geteuid() == 0:
            owner = pwd.getpwnam(USER)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self):
        data = self.folder / "data"
        self._run("initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync")
        settings = {"listen_addresses": "'127.0.0.1'", "port": self.port, "unix_socket_directories": f"'{self.folder}'",
                    "wal_level": "logical", "fsync": "off", "timezone": "'UTC'"}
        with open(data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self._run("pg_ctl", "-w", "-t", START_SECONDS_MAX, "-D", data, "-l", self.folder / "log", "start")
        return self

    def stop(self):
        """Ends it, with all its connections, and removes its data."""
        self._run("pg_ctl", "-w", "-D", self.folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

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
