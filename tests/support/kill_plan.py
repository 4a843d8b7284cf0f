"""When a server is killed: at a random moment, or with certainty at a failpoint (storage/base/failpoint.h)."""
import re
import subprocess

from support.freshet_server import BINARY

# How often each point is passed in about a second of CrashWorkload: it acts at a random one of these.
POINTS = {
    "commit_start": 20, "commit_staged": 20, "commit_before_write": 40, "commit_after_write": 40, "commit_after_install": 40,
    "flush_start": 4, "flush_segment_written": 4, "flush_committed": 4,
    "compaction_start": 3, "compaction_column_written": 6, "compaction_segment_written": 3, "compaction_committed": 3,
    "ddl_staged": 6, "ddl_committed": 6,
}
RECOVERY_POINTS = ("recovery_start", "recovery_files_removed", "recovery_read", "recovery_quarantined")
STREAM_POINTS = {"routine_load_commit": 3, "routine_load_committed": 3}

# What `freshet check` may say of the data of a killed server: files of loads and flushes that did not commit.
LEFT_OVER = re.compile(r"belongs to no commit")


def start_that_may_crash(server, failpoints):
    """Starts the server; False when the failpoint ended it before it served."""
    try:
        server.start(failpoints)
        return True
    except RuntimeError:
        if server.process.poll() != -9:
            raise
        return False


def check_data(server, was_killed):
    """`freshet check`: nothing is wrong. The server has ended."""
    done = subprocess.run([BINARY, "check", server.data_dir], capture_output=True, text=True, timeout=300)
    problems = done.stdout.splitlines()[:-1]
    if was_killed:
        problems = [line for line in problems if not LEFT_OVER.search(line)]
    assert not problems and (was_killed or done.returncode == 0), f"freshet check: {done.stdout}{done.stderr}"
