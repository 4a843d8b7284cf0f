"""When a server is killed: at a random moment, or with certainty at a failpoint (storage/base/failpoint.h)."""
import subprocess

from support.freshet_server import BINARY

# How often each point is passed in about a second of CrashWorkload: it acts at a random one of these.
POINTS = {
    "precommit_start": 3, "precommitted": 3, "abort_committed": 1,
    "commit_start": 20, "commit_staged": 20, "commit_before_write": 40, "commit_after_write": 40, "commit_after_install": 40,
    "flush_start": 4, "flush_segment_written": 4, "flush_committed": 4,
    "compaction_start": 3, "compaction_column_written": 6, "compaction_segment_written": 3, "compaction_committed": 3,
    "ddl_staged": 6, "ddl_committed": 6,
}
RECOVERY_POINTS = ("recovery_start", "recovery_files_removed", "recovery_read", "recovery_quarantined")
STREAM_POINTS = {"routine_load_commit": 3, "routine_load_committed": 3}


def start_that_may_crash(server, failpoints):
    """Starts the server; False when the failpoint ended it before it served."""
    try:
        server.start(failpoints)
        return True
    except RuntimeError:
        if server.process.poll() != -9:
            raise
        return False


def check_data(server):
    """`freshet check` of a server that has ended: nothing is damaged. What a kill left behind may be noted; whether it was."""
    done = subprocess.run([BINARY, "check", server.data_dir], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"freshet check: {done.stdout}{done.stderr}"
    return "note: " in done.stdout
