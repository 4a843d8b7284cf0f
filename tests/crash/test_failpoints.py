"""kill -9 at named moments of commit, flush, compaction, DDL, routine loads and recovery, under work (support/crash_workload.py)."""
import pytest

from support.crash_workload import SETTINGS, CrashWorkload
from support.kill_plan import POINTS, RECOVERY_POINTS, STREAM_POINTS, check_data, start_that_may_crash
from support.stream_check import StreamCheck

HIT_SECONDS_MAX = 20
RECOVERY_CRASHES_IN_A_ROW = 10


@pytest.fixture
def work(make_server, rng):
    return CrashWorkload(make_server(SETTINGS), rng)


def test_crash_at_each_point_of_the_write_path(work, kafka, rng):
    server = work.server
    stream = StreamCheck(server, kafka, "failpoints")
    for point, often in {**POINTS, **STREAM_POINTS}.items():
        server.kill()
        stream.produce(300)
        failpoint = f"{point}=crash@{1 if point in STREAM_POINTS else rng.randrange(1, often + 1)}"
        if start_that_may_crash(server, failpoint):
            assert work.run(HIT_SECONDS_MAX), f"{failpoint} was never reached"
        assert f"failpoint {point} reached" in server.log_tail()
        check_data(server)
        server.start()
        work.check()
        stream.check()
    stream.wait_for_all(HIT_SECONDS_MAX)
    assert server.stop() == 0
    assert not check_data(server), "files were left behind by a clean end"


def test_recovery_that_crashes_again_and_again(work, rng):
    server = work.server
    work.run(1)
    for i in range(RECOVERY_CRASHES_IN_A_ROW):
        point = RECOVERY_POINTS[i % len(RECOVERY_POINTS)]
        assert not start_that_may_crash(server, f"{point}=crash"), f"{point} was never reached"
        assert f"failpoint {point} reached" in server.log_tail()
    server.start()
    work.check()
    assert server.stop() == 0
    assert not check_data(server), "files were left behind by a clean end"


def test_unknown_failpoint_is_refused(make_server):
    server = make_server(start=False)
    with pytest.raises(RuntimeError, match="there is no failpoint 'nowhere'"):
        server.start("nowhere=crash")
