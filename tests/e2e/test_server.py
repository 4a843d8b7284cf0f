"""The process: settings, ports, signals, damaged and foreign data directories, a full disk."""
import base64
import os
import re
import subprocess
import threading
import time

import pymysql
import pytest

from support.freshet_server import BINARY


def run(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def table_of(server, rows, name="t"):
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    server.sql(f"CREATE TABLE d.{name} (id BIGINT NOT NULL, v VARCHAR(100)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.load("d", name, "".join(f"{i},value {i}\n" for i in range(rows)), column_separator=",")


def test_unknown_and_invalid_settings_are_refused_with_their_line(tmp_path):
    path = tmp_path / "freshet.yaml"
    path.write_text("http:\n  adress: 127.0.0.1:1\nstorage:\n  memtable_bytes: lots\n")
    done = run("server", "--config", path, "--data-dir", tmp_path / "data")
    assert done.returncode == 1
    assert "2" in done.stderr and "address" in done.stderr and "4" in done.stderr and "memtable_bytes" in done.stderr, done.stderr


def test_port_in_use_is_named(make_server, tmp_path):
    server = make_server()
    done = run("server", "--data-dir", tmp_path / "other", "--http-address", f"127.0.0.1:{server.http_port}", "--mysql-address", "127.0.0.1:0")
    assert done.returncode == 1 and str(server.http_port) in done.stderr and "in use" in done.stderr, done.stderr


def test_second_server_on_a_data_directory_is_refused(make_server):
    server = make_server()
    done = run("server", "--data-dir", server.data_dir, "--http-address", "127.0.0.1:0", "--mysql-address", "127.0.0.1:0")
    assert done.returncode == 1 and "in use" in done.stderr, done.stderr
    for command, code in (("check", 2), ("inspect", 1)):
        done = run(command, server.data_dir)
        assert done.returncode == code and "in use" in done.stderr, done
    assert server.value("SELECT 1") == 1


def test_health_and_metrics(make_server):
    server = make_server()
    table_of(server, 10)
    status, _, body = server.http("GET", "/api/health")
    assert status == 200 and b'"online_backend_num":1' in body
    text = server.http("GET", "/metrics")[2].decode()
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) .*|[a-z_]+(\{.*\})? [-+0-9.e]+", line), line
    assert "freshet_rows_written_total 10" in text


def test_sigterm_lets_a_running_load_finish(make_server):
    server = make_server()
    table_of(server, 1)
    answers = []

    def body():
        for i in range(20):
            yield b"".join(b"%d,x\n" % (i * 1000 + j) for j in range(1000))
            time.sleep(0.05)

    thread = threading.Thread(target=lambda: answers.append(server.stream_load("d", "t", body(), column_separator=",")))
    thread.start()
    time.sleep(0.3)
    assert server.stop() == 0
    thread.join()
    assert answers[0]["Status"] == "Success", answers
    server.start()
    assert server.value("SELECT count(*) FROM d.t") == 20_000


def test_damaged_segment_is_named_and_other_tables_go_on(make_server):
    server = make_server()
    table_of(server, 20_000, "damaged")
    table_of(server, 20_000, "whole")
    server.sql("ALTER TABLE d.damaged COMPACT")
    server.sql("ALTER TABLE d.whole COMPACT")
    assert server.stop() == 0
    assert run("check", server.data_dir).returncode == 0
    path = sorted((server.data_dir / "segments").glob("*.seg"))[0]
    assert "value 1" in run("inspect", path).stdout or run("inspect", path).returncode == 0
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)
    check = run("check", server.data_dir)
    assert check.returncode == 1 and path.name in check.stdout, check.stdout
    server.start()
    with pytest.raises(pymysql.Error) as caught:
        server.sql("SELECT count(*), sum(id), max(v) FROM d.damaged")
    assert path.name in caught.value.args[1], caught.value
    assert server.sql("SELECT count(*), max(id) FROM d.whole") == [(20_000, 19_999)]
    server.load("d", "whole", "1,new\n", column_separator=",")


def test_inspect_prints_metadata_and_version_prints_one(make_server):
    server = make_server()
    table_of(server, 10)
    assert server.stop() == 0
    assert "'t'" in run("inspect", server.data_dir).stdout
    assert run("version").stdout.startswith("freshet ")
    assert run("check", server.folder).returncode == 2


def test_full_disk_refuses_loads_and_reads_go_on(make_server, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", folder], capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("mounting a tmpfs needs root")
    server = make_server({"storage.disk_reserve_bytes": "24MiB", "storage.delta_flush_seconds": "3600"}, start=False)
    server.data_dir = folder / "data"
    try:
        server.start()
        table_of(server, 1000)
        # Nothing shrinks these, whatever is merged with what.
        bodies = (b"".join(b"%d,%s\n" % (n * 50_000 + i, base64.b85encode(os.urandom(72))) for i in range(50_000)) for n in range(1, 30))
        statuses = [server.stream_load("d", "t", body, column_separator=",") for body in bodies]
        refused = [answer for answer in statuses if answer["Status"] == "Fail"]
        assert refused and all("OUT_OF_SPACE" in answer["Message"] for answer in refused), statuses[-1]
        loaded = sum(answer["NumberLoadedRows"] for answer in statuses)
        assert server.value("SELECT count(*) FROM d.t") > 1000
        assert loaded > 0
        server.sql("DROP TABLE d.t")
        server.sql("CREATE TABLE d.t (id BIGINT NOT NULL, v VARCHAR(100)) UNIQUE KEY(id)")
        deadline = time.monotonic() + 20  # a compaction that runs still holds its inputs
        while (answer := server.stream_load("d", "t", "1,a\n", column_separator=","))["Status"] != "Success":
            assert time.monotonic() < deadline, (answer, subprocess.run(["du", "-a", folder], capture_output=True, text=True).stdout)
            time.sleep(0.1)
        assert server.stop() == 0
    finally:
        if server.is_running():
            server.kill()
        subprocess.run(["umount", folder])
