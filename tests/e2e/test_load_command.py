"""`freshet load`: files into tables, once each, whatever dies on the way."""
import gzip
import os
import signal
import subprocess
import time

import pytest

from support.freshet_server import BINARY

SECONDS_MAX = 120
KEYED = "(id BIGINT NOT NULL, v VARCHAR(40)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2"
PLAIN = "(id BIGINT NOT NULL, v VARCHAR(40)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2"


def command(server, table, *arguments):
    url = () if "--url" in arguments else ("--url", f"http://127.0.0.1:{server.http_port}")
    return [BINARY, "load", *url, table, *map(str, arguments)]


def load(server, table, *arguments, code=0, input="", **options):
    """Runs it to its end; everything that it wrote."""
    done = subprocess.run(command(server, table, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=SECONDS_MAX, input=input.encode(), **options)
    output = done.stdout.decode()
    assert done.returncode == code, output
    return output


def start(server, table, *arguments):
    return subprocess.Popen(command(server, table, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def wait_for_rows(loader, server, table, rows):
    while server.value(f"SELECT count(*) FROM {table}") < rows:
        assert loader.poll() is None, loader.communicate()
        time.sleep(0.005)


def write_rows(path, first, last):
    path.write_text("".join(f"{i},value {i}\n" for i in range(first, last)))


def test_files_of_every_kind_by_their_suffix(server, database, sql, tmp_path):
    sql(f"CREATE TABLE t {KEYED}")
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    (folder / "a.csv").write_text('1,"a\nb"\n2,"say ""x"""\n')
    (folder / "b.tsv").write_text("3\tc,d\n")
    (folder / "c.ndjson").write_text('{"id": 4, "v": "e"}\n')
    (folder / "d.json").write_text('[{"id": 5, "v": "f"},\n {"id": 6}]')
    (folder / "e.csv.gz").write_bytes(gzip.compress(b"7,g\n"))
    (folder / "below" / "f.jsonl").write_text('{"id": 8, "v": "h"}\n')
    output = load(server, f"{database}.t", folder, "--chunk-bytes", 1024)
    assert f"{database}.t: 8 rows loaded, 0 rejected" in output and "6 chunks of 6 inputs" in output
    assert sql("SELECT * FROM t ORDER BY id") == [(1, "a\nb"), (2, 'say "x"'), (3, "c,d"), (4, "e"), (5, "f"), (6, None),
                                                  (7, "g"), (8, "h")]


def test_large_files_go_in_chunks_and_only_once(server, database, sql, tmp_path):
    sql(f"CREATE TABLE t {PLAIN}")
    write_rows(tmp_path / "1.csv", 0, 20000)
    (tmp_path / "2.csv").write_text("id,v\n" + "".join(f"{i},x\n" for i in range(20000, 30000)))
    first = load(server, f"{database}.t", tmp_path / "1.csv", "--chunk-bytes", 20000)
    assert "20,000 rows loaded" in first and " chunks of 1 inputs" in first
    load(server, f"{database}.t", tmp_path / "2.csv", "--chunk-bytes", 20000, "--format", "csv_with_names", "--jobs", 3)
    assert sql("SELECT count(*), count(DISTINCT id), max(id) FROM t") == [(30000, 30000, 29999)]
    again = load(server, f"{database}.t", tmp_path / "1.csv", "--chunk-bytes", 20000)
    assert ": 0 rows loaded" in again and "had been loaded before" in again
    assert sql("SELECT count(*) FROM t") == [(30000,)]
    load(server, f"{database}.t", tmp_path / "1.csv", "--chunk-bytes", 20000, "--label", "once-more")
    assert sql("SELECT count(*) FROM t") == [(50000,)]


def test_the_later_row_of_a_key_stays(server, database, sql, tmp_path):
    sql(f"CREATE TABLE t {KEYED}")
    (tmp_path / "t.csv").write_text("".join(f"{i % 100},{i}\n" for i in range(5000)))
    load(server, f"{database}.t", tmp_path / "t.csv", "--chunk-bytes", 1024)
    assert sql("SELECT count(*), min(CAST(v AS INT)) FROM t") == [(100, 4900)]


def test_standard_input(server, database, sql):
    sql(f"CREATE TABLE t {PLAIN}")
    rows = "".join(f"{i},{i}\n" for i in range(3000))
    arguments = ("-", "--format", "csv", "--chunk-bytes", 1024, "--label", "pipe")
    load(server, f"{database}.t", *arguments, input=rows)
    load(server, f"{database}.t", *arguments, input=rows)
    assert sql("SELECT count(*) FROM t") == [(3000,)]
    sql(f"CREATE TABLE other {PLAIN}")
    assert "3,000 rows loaded" in load(server, f"{database}.other", *arguments, input=rows)
    refused = load(server, f"{database}.t", "-", code=2)
    assert "say --format" in refused


def test_rejected_rows_are_told_with_their_reasons(server, database, sql, tmp_path):
    sql(f"CREATE TABLE t {KEYED}")
    (tmp_path / "t.csv").write_text("1,a\nx,b\n3,c\n")
    failed = load(server, f"{database}.t", tmp_path / "t.csv", code=1)
    assert "too many filtered rows" in failed and "_load_error_log?file=" in failed and "Reason: " in failed, failed
    assert "1 chunks or inputs were NOT loaded" in failed
    taken = load(server, f"{database}.t", tmp_path / "t.csv", "-H", "max_filter_ratio: 0.5", "-H", "where: id < 3")
    assert "1 rows loaded, 1 rejected, 1 left out" in taken and "1 rows rejected, see http://" in taken, taken
    assert sql("SELECT id FROM t") == [(1,)]


def test_one_failed_chunk_does_not_hide_the_others(server, database, sql, tmp_path):
    sql(f"CREATE TABLE t {KEYED}")
    (tmp_path / "a.csv").write_text("x,1\n")
    (tmp_path / "b.csv").write_text("1,1\n")
    load(server, f"{database}.t", tmp_path, code=1)
    assert sql("SELECT count(*) FROM t") == [(0,)]
    load(server, f"{database}.t", tmp_path, "--keep-going", code=1)
    assert sql("SELECT * FROM t") == [(1, "1")]


@pytest.mark.parametrize("arguments, told", [
    (["none.csv"], "No such file"), (["t.csv", "--url", "https://x"], "TLS is not offered"),
    (["t.csv", "-H", "label: x"], "say --label"), (["t.csv", "--jobs", "0"], "--jobs"), (["t.csv", "-H", "two_phase_commit: true"], "is not offered here"),
    (["t.csv", "--password-file", "none"], "cannot read the password file"), (["t.csv", "--password", "wrong"], "access denied")])
def test_what_cannot_be_done_is_told_before_anything_is(server, database, sql, tmp_path, arguments, told):
    sql(f"CREATE TABLE t {KEYED}")
    (tmp_path / "t.csv").write_text("1,a\n")
    assert told in load(server, f"{database}.t", *arguments, code=2, cwd=tmp_path)


def test_unknown_tables_and_servers(server, database, tmp_path):
    (tmp_path / "t.csv").write_text("1,a\n")
    assert "none" in load(server, f"{database}.none", tmp_path / "t.csv", code=2)
    nobody = load(server, f"{database}.none", tmp_path / "t.csv", "--url", "http://127.0.0.1:1", code=2)
    assert "cannot connect to 127.0.0.1:1" in nobody


def test_passwords_from_a_file_and_the_environment(make_server, tmp_path):
    server = make_server({"users.root_password": "s e:c"}, password="s e:c")
    server.sql("CREATE DATABASE d")
    server.sql(f"CREATE TABLE d.t {KEYED}")
    (tmp_path / "t.csv").write_text("1,a\n")
    (tmp_path / "secret").write_text("s e:c\n")
    load(server, "d.t", tmp_path / "t.csv", "--password-file", tmp_path / "secret")
    load(server, "d.t", tmp_path / "t.csv", "--label", "x", env={**os.environ, "FRESHET_PASSWORD": "s e:c"})
    assert "access denied" in load(server, "d.t", tmp_path / "t.csv", code=2)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_a_loader_that_is_ended_goes_on_where_it_was(server, database, sql, tmp_path, ending):
    sql(f"CREATE TABLE t {PLAIN}")
    write_rows(tmp_path / "t.csv", 0, 100000)
    arguments = (tmp_path / "t.csv", "--chunk-bytes", 10000, "--jobs", 2)
    loader = start(server, f"{database}.t", *arguments)
    wait_for_rows(loader, server, f"{database}.t", 1000)
    loader.send_signal(ending)
    output, _ = loader.communicate(timeout=SECONDS_MAX)
    assert loader.returncode == (130 if ending == signal.SIGINT else -signal.SIGKILL), output
    assert sql("SELECT count(*) FROM t")[0][0] < 100000, "the loader was not ended on its way"
    again = load(server, f"{database}.t", *arguments)
    assert "had been loaded before" in again
    assert sql("SELECT count(*), count(DISTINCT id) FROM t") == [(100000, 100000)]


def test_a_server_that_is_killed_loses_and_doubles_nothing(make_server, tmp_path):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql(f"CREATE TABLE d.t {PLAIN}")
    write_rows(tmp_path / "t.csv", 0, 200000)
    loader = start(server, "d.t", tmp_path / "t.csv", "--chunk-bytes", 20000)
    for kills in range(2):
        wait_for_rows(loader, server, "d.t", 20000 * (kills + 1))
        server.kill()
        server.start(same_ports=True)
    output, _ = loader.communicate(timeout=SECONDS_MAX)
    assert loader.returncode == 0, output
    assert "trying again" in output
    assert server.sql("SELECT count(*), count(DISTINCT id) FROM d.t") == [(200000, 200000)]


def test_progress_is_a_bar_or_lines(server, database, sql, tmp_path):
    sql(f"CREATE TABLE t {PLAIN}")
    write_rows(tmp_path / "t.csv", 0, 1000)
    bar = load(server, f"{database}.t", tmp_path / "t.csv", "--progress", "bar")
    assert "\r\033[K[" in bar and " rows/s" in bar and " rejected" in bar
    lines = load(server, f"{database}.t", tmp_path / "t.csv", "--progress", "lines", "--label", "l")
    assert "\r" not in lines
    assert lines.count("rows loaded") == 1
