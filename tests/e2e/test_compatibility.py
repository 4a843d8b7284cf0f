"""Data directories written by earlier builds (tests/data/compat): read, loaded into, compacted, and still right."""
import pathlib
import subprocess
import tarfile

import pytest

from support import compat_features
from support.compat_answers import check_answers, read_answers
from support.freshet_server import BINARY

COMPAT = pathlib.Path(__file__).parent.parent / "data" / "compat"
KEPT = sorted(path.parent for path in COMPAT.glob("*/answers.txt"))
KEPT_FEATURES = sorted(path.parent for path in COMPAT.glob("*/features.txt"))
SETTINGS = {"storage.small_commit_bytes": "2KiB", "storage.delta_flush_rows": 120}
NEW = 1_000_000  # keys from here on are not in the kept answers


def check_data(server):
    check = subprocess.run([BINARY, "check", server.data_dir], capture_output=True, text=True, timeout=60)
    assert check.returncode == 0, check.stdout + check.stderr


def stream_positions(server):
    inspect = subprocess.run([BINARY, "inspect", server.data_dir], capture_output=True, text=True, timeout=60)
    lines = [line for line in inspect.stdout.splitlines() if line.startswith("stream position")]
    return [line.split(", ", 1)[1] for line in lines]


def load_more(server):
    """New rows in every table by large and small loads; twice, so that rows that were loaded here are replaced too."""
    for _ in range(2):
        server.load("c", "wide", "".join(f"{NEW + n},1,1,1,{n}\n" for n in range(500)), column_separator=",", columns="id,b,ti,si,i")
        server.sql(f"INSERT INTO c.wide (id, i) VALUES ({NEW + 7}, 1), ({NEW + 1000}, 2)")
        server.load("c", "pair", "".join(f"key {n % 9},2024-01-01,{NEW + n},{n}\n" for n in range(500)), column_separator=",")
        server.load("c", "log", "2031-01-01,new,1\n" * 200, column_separator=",")
        server.sql("INSERT INTO c.emptied VALUES (5)")
        server.sql("DELETE FROM c.emptied WHERE id = 5")
    server.sql("INSERT INTO c.counter (name) VALUES ('new')")


def check_new(server):
    assert server.sql(f"SELECT count(*), count(DISTINCT id), sum(i) FROM c.wide WHERE id >= {NEW}") == [(501, 501, 500 * 499 // 2 - 7 + 1 + 2)]
    assert server.value(f"SELECT v FROM c.pair WHERE a = 'key 5' AND d = '2024-01-01' AND n = {NEW + 5}") == 5
    assert server.sql("SELECT count(*), sum(size) FROM c.log WHERE noted > '2030-01-01'") == [(400, 400)]
    ids = [row[0] for row in server.sql("SELECT id FROM c.counter")]
    assert len(ids) == len(set(ids)) == 4, "a number was given out twice"


def load_again(server, label):
    return server.stream_load("c", "pair", "never,2024-01-01,1,1\n", column_separator=",", label=label)["Status"]


def extracted(make_server, kept, settings):
    """A server, not started, on the data that was kept."""
    server = make_server(settings, start=False)
    server.folder.mkdir(parents=True)
    with tarfile.open(kept / "data.tar.xz") as archive:
        archive.extractall(server.folder)
    check_data(server)
    return server


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.name)
def test_data_of_an_earlier_build(make_server, kept):
    server = extracted(make_server, kept, SETTINGS)
    positions = ["partition 0: next offset 20", "partition 1: next offset 15"]
    assert stream_positions(server) == positions
    answers = read_answers(kept / "answers.txt")
    assert len(answers) >= 10

    server.start()
    check_answers(server, answers)
    for label in ("first", "second"):
        assert load_again(server, label) == "Label Already Exists"
    assert server.sql("SHOW ALL ROUTINE LOAD FOR c.job")[0][8] == "PAUSED"

    load_more(server)
    check_answers(server, answers)
    check_new(server)
    server.kill()
    server.start()
    check_answers(server, answers)
    for table in ("wide", "pair", "log", "counter", "stream", "emptied"):
        server.sql(f"ALTER TABLE c.{table} COMPACT")
    check_answers(server, answers)
    check_new(server)
    assert server.stop() == 0
    check_data(server)

    server.start()
    server.sql("ALTER TABLE c.pair ADD COLUMN added INT DEFAULT '3'")
    assert server.sql("SELECT min(added), max(added) FROM c.pair") == [(3, 3)]
    server.sql("ALTER TABLE c.pair DROP COLUMN added")
    check_answers(server, answers)
    assert load_again(server, "first") == "Label Already Exists"
    assert server.stop() == 0
    check_data(server)
    assert stream_positions(server) == positions


@pytest.mark.parametrize("kept", KEPT_FEATURES, ids=lambda path: path.name)
def test_features_of_an_earlier_build(make_server, kept):
    server = extracted(make_server, kept, compat_features.SETTINGS)
    answers = read_answers(kept / "features.txt")
    assert sum("FOR VERSION AS OF" in query for query, _ in answers) >= 3
    server.start()
    check_answers(server, answers)
    assert server.sql("SHOW ALL ROUTINE LOAD FOR f.job")[0][8] == "PAUSED"
    compat_features.load_more(server)
    check_answers(server, answers)
    compat_features.finish_late_loads(server)
    server.kill()
    check_data(server)
    server.start()
    check_answers(server, answers)
    for table in compat_features.TABLES:
        server.sql(f"ALTER TABLE f.{table} COMPACT")
    check_answers(server, answers)
    assert server.sql("SELECT count(*), sum(v), max(id) FROM f.late") == [(402, 3 + 2 * 399, 401)]
    assert server.stop() == 0
    check_data(server)
    assert stream_positions(server) == ["partition 0: next offset 30"]
