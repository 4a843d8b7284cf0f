"""Files of the metadata store that are missing, empty, zeroed or cut off after a crash: the server refuses to start and
`freshet check` says why, or every acknowledged change is there. Never a start with less."""
import pathlib
import shutil
import subprocess

import pytest
from pymysql.err import MySQLError

from support.freshet_server import BINARY, FreshetServer

SETTINGS = {"storage.small_commit_bytes": "2KiB"}
DAMAGES = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "zeroed": lambda path: path.write_bytes(b"\0" * path.stat().st_size),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:path.stat().st_size // 2]),
}
KINDS = ("CURRENT", "IDENTITY", "LOCK", "LOG", "MANIFEST-*", "OPTIONS-*", "*.sst", "*.log")
MUST_BE_REFUSED = ("CURRENT", "MANIFEST-*", "*.sst", "*.log")


def state(server):
    return [server.sql("SELECT * FROM d.t ORDER BY id"), server.sql("SELECT * FROM d.v"), server.sql("SHOW TABLES FROM d")]


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The data directory of a server that was killed, and what it had acknowledged."""
    server = FreshetServer(tmp_path_factory.mktemp("lost"), SETTINGS).start()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.load("d", "t", "".join(f"{n},{n}\n" for n in range(3000)), column_separator=",")
    assert server.stop() == 0
    server.start()
    server.load("d", "t", "1,777\n", column_separator=",")
    server.load("d", "t", "".join(f"{n},{n}\n" for n in range(3000, 5000)), column_separator=",")
    server.load("d", "t", "2,888\n", column_separator=",")
    server.sql("CREATE VIEW d.v AS SELECT count(*) AS n FROM d.t")  # no commit of the pipeline
    acknowledged = state(server)
    server.kill()
    return server.data_dir, acknowledged


def try_it(killed, folder, damage):
    """Exit code and text of the check, and the state that a start shows; nothing when the server refuses."""
    data_dir, _ = killed
    server = FreshetServer(folder, SETTINGS)
    shutil.copytree(data_dir, server.data_dir)
    damage(pathlib.Path(server.data_dir))
    check = subprocess.run([BINARY, "check", server.data_dir], capture_output=True, text=True, timeout=60)
    try:
        server.start()
    except RuntimeError:
        return check.returncode, check.stdout + check.stderr, None
    try:
        return check.returncode, check.stdout + check.stderr, state(server)
    except MySQLError as error:
        return check.returncode, check.stdout + check.stderr, [str(error)]
    finally:
        server.kill()


def test_the_directory_as_it_is(killed, tmp_path):
    assert try_it(killed, tmp_path, lambda data: None)[::2] == (0, killed[1])


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_file_of_the_metadata(killed, tmp_path, kind, how):
    names = sorted(path.name for path in (pathlib.Path(killed[0]) / "meta").glob(kind) if path.stat().st_size or how == "missing")
    if kind in MUST_BE_REFUSED:
        assert names, f"no {kind} in {killed[0]}"
    for number, name in enumerate(names):
        code, text, shown = try_it(killed, tmp_path / str(number), lambda data, name=name: DAMAGES[how](data / "meta" / name))
        if shown is None:
            assert code == 1, f"{name}: the server does not start, but the check says {code}: {text}"
        else:
            assert shown == killed[1] and code == 0, f"{name}: {code}: {text}"
        if kind in MUST_BE_REFUSED and name == names[-1]:  # older ones may wait for their removal
            assert shown is None, f"{name}: a start without it"


@pytest.mark.parametrize("witness", ["kept", "gone"])
def test_no_metadata_at_all(killed, tmp_path, witness):
    def damage(data):
        shutil.rmtree(data / "meta")
        if witness == "gone":
            (data / "meta.witness").unlink()

    code, text, shown = try_it(killed, tmp_path, damage)
    assert shown is None and code == 1, text


@pytest.mark.parametrize("how", DAMAGES)
def test_the_witness_alone_is_not_needed(killed, tmp_path, how):
    code, text, shown = try_it(killed, tmp_path, lambda data: DAMAGES[how](data / "meta.witness"))
    assert (code, shown) == (0, killed[1]), text


def test_an_older_copy_of_the_metadata_is_refused_and_the_loss_can_be_accepted(killed, tmp_path):
    """Without the newest log, and with the segment files that it alone had named."""
    def lose_newest_log(data):
        sorted((data / "meta").glob("*.log"))[-1].unlink()

    code, text, shown = try_it(killed, tmp_path / "refused", lose_newest_log)
    assert code == 1 and shown is None and "lost writes" in text and "meta.witness" in text, text

    def accept(data):
        lose_newest_log(data)
        (data / "meta.witness").unlink()

    code, text, shown = try_it(killed, tmp_path / "segments", accept)
    assert code == 1 and shown is None and "segment file" in text and "lost records" in text, text
