"""Tables that keep whole rows beside their columns: same answers as without, whatever happens to them."""
import subprocess
import time

import pytest
import pymysql

from support.freshet_server import BINARY

COLUMNS = 30
SETTINGS = {"storage.small_commit_bytes": "2KiB", "storage.delta_flush_rows": 400}


def make_tables(server, properties):
    columns = ", ".join(f"c{i} {('INT', 'VARCHAR(30)', 'DOUBLE', 'DATETIME')[i % 4]}" for i in range(1, COLUMNS))
    server.sql("CREATE DATABASE IF NOT EXISTS d")
    for name, extra in (("plain", ""), ("whole", properties)):
        server.sql(f"CREATE TABLE d.{name} (id BIGINT NOT NULL, {columns}) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 {extra}")


def value(rng, column):
    if rng.random() < 0.1:
        return r"\N"
    return (str(rng.randrange(1000)), "t" * rng.randrange(30), str(rng.randrange(100) / 4), f"2026-01-{1 + rng.randrange(28):02} 10:00:00")[column % 4]


def load_both(server, text, **headers):
    for name in ("plain", "whole"):
        server.load("d", name, text, column_separator="|", **headers)


def rows_of(rng, keys, columns):
    return "".join("|".join([str(key), *(value(rng, column) for column in columns)]) + "\n" for key in keys)


def expect_same(server, rng):
    everything = {name: server.sql(f"SELECT * FROM d.{name} ORDER BY id") for name in ("plain", "whole")}
    assert everything["whole"] == everything["plain"]
    for key in [row[0] for row in rng.sample(everything["plain"], min(20, len(everything["plain"])))] + [-1]:
        assert server.sql(f"SELECT * FROM d.whole WHERE id = {key}") == server.sql(f"SELECT * FROM d.plain WHERE id = {key}")


def check(server):
    result = subprocess.run([BINARY, "check", server.data_dir], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


def await_files(server, with_rows, without):
    """Waits until there are so many segment files with a row store, and without: replaced ones go when nobody reads them."""
    deadline = time.monotonic() + 20
    while count_files(server) != (with_rows, without):
        assert time.monotonic() < deadline, count_files(server)
        time.sleep(0.05)


def count_files(server):
    dumps = [subprocess.run([BINARY, "inspect", path], capture_output=True, text=True, timeout=60).stdout
             for path in sorted((server.data_dir / "segments").glob("*.seg"))]
    with_rows = sum("row store columns=" in dump for dump in dumps)
    return with_rows, len(dumps) - with_rows


@pytest.mark.parametrize("properties", [{"store_row_column": "true"},
                                        {"row_store_columns": "id,c1,c2,c7,c8", "row_store_page_size": "4096"}])
def test_same_answers_as_without(make_server, rng, properties):
    server = make_server(SETTINGS)
    make_tables(server, "PROPERTIES (" + ", ".join(f"'{name}' = '{text}'" for name, text in properties.items()) + ")")
    for name, text in properties.items():
        assert f'"{name}" = "{text}"' in server.sql("SHOW CREATE TABLE d.whole")[0][1]
    everything = range(1, COLUMNS)
    load_both(server, rows_of(rng, range(2000), everything))
    load_both(server, rows_of(rng, range(1500, 2500), everything))
    expect_same(server, rng)
    for count in (3, 600):
        load_both(server, rows_of(rng, rng.sample(range(3000), count), (2, 7)), partial_columns="true", columns="id,c2,c7")
    load_both(server, "7\n8\n", columns="id", merge_type="DELETE")
    for name in ("plain", "whole"):
        server.sql(f"UPDATE d.{name} SET c4 = c4 + 1 WHERE id < 40")
    expect_same(server, rng)

    for name in ("plain", "whole"):
        server.sql(f"ALTER TABLE d.{name} ADD COLUMN added INT DEFAULT '5', DROP COLUMN c3, RENAME COLUMN c2 other, MODIFY COLUMN c4 BIGINT")
    expect_same(server, rng)
    load_both(server, rows_of(rng, rng.sample(range(3000), 500), (5,)), partial_columns="true", columns="id,c5")
    expect_same(server, rng)
    server.kill()
    server.start()
    expect_same(server, rng)
    for name in ("plain", "whole"):
        server.sql(f"ALTER TABLE d.{name} COMPACT")
    expect_same(server, rng)
    assert server.stop() == 0
    check(server)
    server.start()
    expect_same(server, rng)


def test_it_can_be_switched_on_and_off(make_server, rng):
    server = make_server(SETTINGS)
    make_tables(server, "")
    server.sql("DROP TABLE d.plain")
    text = rows_of(rng, range(1000), range(1, COLUMNS))

    def load_anew():
        server.load("d", "whole", text, column_separator="|")
        server.sql("ALTER TABLE d.whole COMPACT")

    load_anew()
    await_files(server, 0, 2)
    server.sql("ALTER TABLE d.whole SET ('store_row_column' = 'true')")
    before = server.sql("SELECT * FROM d.whole ORDER BY id")
    load_anew()
    await_files(server, 2, 0)
    assert server.sql("SELECT * FROM d.whole ORDER BY id") == before
    server.sql("ALTER TABLE d.whole SET ('store_row_column' = 'false')")
    load_anew()
    await_files(server, 0, 2)
    assert server.sql("SELECT * FROM d.whole ORDER BY id") == before


@pytest.mark.parametrize("properties, text", [("'store_row_column' = 'maybe'", "takes true or false, not 'maybe'"),
                                              ("'row_store_columns' = 'a,b'", "names the column 'b', which the table does not have"),
                                              ("'row_store_page_size' = '100'", "takes bytes from 4096 to 1048576, not '100'")])
def test_properties_that_mean_nothing_are_refused(server, properties, text):
    server.sql("CREATE DATABASE IF NOT EXISTS refused")
    with pytest.raises(pymysql.Error, match=text):
        server.sql(f"CREATE TABLE refused.t (a INT NOT NULL) UNIQUE KEY(a) DISTRIBUTED BY HASH(a) BUCKETS 1 PROPERTIES ({properties})")
