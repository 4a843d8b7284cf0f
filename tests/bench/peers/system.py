"""What the benchmarks ask of every system, and how they talk to one that runs as a process of its own.

Whatever goes wrong with a system is a SystemFailed: the driver notes it, leaves the system out, and goes on with the others.
"""
import abc
import contextlib
import json
import os
import pathlib
import queue
import signal
import subprocess
import threading
import time

CACHE_BYTES = 2 << 30  # Every system's cache of pages.
START_SECONDS_MAX = 90
STOP_SECONDS_MAX = 60


class SystemFailed(Exception):
    """A system could not do what was asked of it, or not in time."""


class NotOffered(Exception):
    """A system has nothing like it; the text says why."""


class Client(abc.ABC):
    """A connection of its own; one thread uses it at a time."""

    @abc.abstractmethod
    def query(self, sql, limit_seconds=60):
        """The rows of a statement, as tuples or lists."""

    def close(self):
        pass


class System(abc.ABC):
    """One database that is measured. Tables have a unique key unless they are made otherwise; files are RowFiles.

    `limit_seconds` of an action: beyond it the system has failed.
    """
    title = ""
    has_sql = True
    month_of = "date_trunc('month', {})"
    day_of = "CAST({} AS DATE)"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.client_of_driver = None

    # Life

    @abc.abstractmethod
    def start(self):
        """Starts it on its folder, which may have data."""

    @abc.abstractmethod
    def stop(self):
        """Ends it in order; its folder stays."""

    @abc.abstractmethod
    def kill(self):
        """Ends it at once, as a crash would."""

    @abc.abstractmethod
    def version(self):
        pass

    @abc.abstractmethod
    def settings(self):
        """The settings that matter, in words: durability first."""

    @abc.abstractmethod
    def pids(self):
        """All its processes."""

    @abc.abstractmethod
    def connect(self):
        """A new Client."""

    def query(self, sql, limit_seconds=60):
        if self.client_of_driver is None:
            self.client_of_driver = self.connect()
        return self.client_of_driver.query(sql, limit_seconds)

    def forget_client(self):
        if self.client_of_driver is not None:
            try:
                self.client_of_driver.close()
            except Exception:  # noqa: BLE001 - it may be gone with its server, in whatever way the driver of it says so
                pass
            self.client_of_driver = None

    # Tables

    @abc.abstractmethod
    def create(self, dataset, table, keyed=True):
        pass

    def drop(self, table):
        self.query(f"DROP TABLE IF EXISTS {table}")

    @abc.abstractmethod
    def load(self, dataset, table, file, limit_seconds):
        """Many rows into a table that is empty."""

    @abc.abstractmethod
    def upsert(self, dataset, table, file, limit_seconds, client=None):
        """Rows that replace those of the same key."""

    def update_columns(self, dataset, table, columns, file, limit_seconds):
        """Rows of the key and `columns`, which alone are replaced."""
        raise NotOffered("no partial updates")

    def delete(self, dataset, table, file, limit_seconds):
        """The rows of the keys of `file`."""
        raise NotOffered("no deletes")

    def settle(self, table, limit_seconds):
        """What the system recommends after many changes: merging, vacuuming, checkpointing."""

    def table_bytes(self, table):
        """What a settled table takes on disk, indexes included."""
        raise NotOffered("it does not tell")

    def read_as(self, table):
        """What stands in FROM so that each key has its newest row."""
        return table

    def read_query(self, sql, table):
        """A query of the benchmark, {t} for the table, in this system's words."""
        for name, form in (("MONTH_OF", self.month_of), ("DAY_OF", self.day_of)):
            while (begin := sql.find(name + "(")) >= 0:
                end = sql.index(")", begin)
                sql = sql[:begin] + form.format(sql[begin + len(name) + 1:end]) + sql[end + 1:]
        return sql.replace("{t}", self.read_as(table))

    # What it uses

    def disk_bytes(self):
        total = 0
        for path in self.folder.rglob("*"):
            try:
                total += path.lstat().st_blocks * 512 if path.is_file() else 0
            except FileNotFoundError:
                pass  # it was removed meanwhile
        return total

    def resident_bytes(self):
        return sum(_status_bytes(pid, "RssAnon") for pid in self.pids())

    def written_bytes(self):
        """What its processes have had written to disks since they started."""
        return sum(_io_bytes(pid) for pid in self.pids())

    def cpu_seconds(self):
        """CPU time of all its threads, which a busy machine disturbs less than the clock on the wall."""
        total = 0
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(OSError):  # it has ended
                    total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def forget_file_cache(self):
        """Its files leave the operating system's cache of pages, as after a start of the machine."""
        for path in self.folder.rglob("*"):
            if path.is_file():
                handle = os.open(path, os.O_RDONLY)
                try:
                    os.fdatasync(handle)
                    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                finally:
                    os.close(handle)


def _status_bytes(pid, field):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has ended
    return 0


def _io_bytes(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
    except OSError:
        pass  # it has ended, or belongs to somebody else
    return 0


def process_tree(pid):
    """A process and all that it started."""
    found = [pid]
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in path.read_text().split():
                found += process_tree(int(child))
        except OSError:
            pass  # it has ended
    return found


class LineProcess:
    """A program that answers each line of JSON on its input with one on its output, several at once: each request goes to a
    channel, and channels do not wait for each other. Threads may share it."""

    def __init__(self, command, log_path, environment=None):
        self.log_path = pathlib.Path(log_path)
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=log, text=True, env={**os.environ, **(environment or {})})
        self._answers = {}
        self._lock = threading.Lock()
        self._next_channel = 0
        threading.Thread(target=self._read, daemon=True).start()

    def open_channel(self):
        with self._lock:
            self._next_channel += 1
            self._answers[self._next_channel] = queue.Queue()
            return self._next_channel

    def request(self, channel, limit_seconds, **message):
        """The answer to a message; its "error" is a SystemFailed."""
        self._send({"channel": channel, **message})
        try:
            answer = self._answers[channel].get(timeout=limit_seconds)
        except queue.Empty:
            self.kill()
            raise SystemFailed(f"no answer within {limit_seconds:.0f} s to {str(message)[:200]}") from None
        if answer is None:
            raise SystemFailed(f"it ended: {self.log_tail()}")
        if "error" in answer:
            raise SystemFailed(answer["error"][:1000])
        return answer

    def stop(self):
        try:
            self.process.stdin.close()
            self.process.wait(STOP_SECONDS_MAX)
        except (OSError, subprocess.TimeoutExpired):
            self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def log_tail(self):
        return self.log_path.read_text(errors="replace")[-1000:]

    def _send(self, message):
        with self._lock:
            try:
                self.process.stdin.write(json.dumps(message) + "\n")
                self.process.stdin.flush()
            except (OSError, ValueError):
                raise SystemFailed(f"it ended: {self.log_tail()}") from None

    def _read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            self._answers[answer["channel"]].put(answer)
        with self._lock:
            waiting = list(self._answers.values())
        for answers in waiting:
            answers.put(None)


def wait_until(is_ready, process, what):
    """Waits for a server that is starting; `is_ready` says so."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while not is_ready():
        if process.poll() is not None:
            raise SystemFailed(f"{what} ended with {process.returncode} while starting")
        if time.monotonic() > deadline:
            process.kill()
            raise SystemFailed(f"{what} did not serve within {START_SECONDS_MAX} s")
        time.sleep(0.01)


def end_process(process):
    """SIGTERM, and SIGKILL when that does not help."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
