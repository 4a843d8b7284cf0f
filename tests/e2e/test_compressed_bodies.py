"""Compressed bodies of Stream Loads: each format, members behind one another, damage, and bombs."""
import bz2
import gzip
import shutil
import subprocess
import zlib

import pytest

TEXT = "".join(f"{i},{i * 3},some text {i % 100}\n" for i in range(20_000)).encode()


def by_command(*command):
    return lambda data: subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True, timeout=60).stdout


FORMATS = {"GZ": gzip.compress, "bz2": bz2.compress, "DEFLATE": zlib.compress}
FORMATS.update({name: by_command(command, "-c") for name, command in (("LZ4", "lz4"), ("zstd", "zstd"))
                if shutil.which(command)})


@pytest.fixture
def items(server, database):
    server.sql(f"CREATE TABLE {database}.items (id BIGINT NOT NULL, v BIGINT, s VARCHAR(32)) UNIQUE KEY(id) "
               "DISTRIBUTED BY HASH(id) BUCKETS 2")
    return lambda data, **headers: server.stream_load(database, "items", data, **{"column_separator": ",", **headers})


def totals(server, database):
    count, total = server.sql(f"SELECT count(*), sum(v) FROM {database}.items")[0]
    return int(count), int(total or 0)


@pytest.mark.parametrize("name", FORMATS)
def test_compressed_csv_is_loaded(server, database, items, name):
    body = FORMATS[name](TEXT)
    answer = items(body, compress_type=name)
    assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == 20_000, answer
    assert answer["LoadBytes"] == len(body)
    assert totals(server, database) == (20_000, 3 * sum(range(20_000)))
    middle = TEXT.index(b"\n", 100_000) + 1
    assert items(FORMATS[name](TEXT[:middle - 5]) + FORMATS[name](TEXT[middle - 5:]), compress_type=name)[
        "NumberLoadedRows"] == 20_000


@pytest.mark.parametrize("name", FORMATS)
def test_cut_or_damaged_data_loads_nothing(server, database, items, name):
    body = FORMATS[name](TEXT)
    answer = items(body[:-9], compress_type=name, max_filter_ratio="1")
    assert answer["Status"] == "Fail" and "ends too early" in answer["Message"], answer
    answer = items(TEXT, compress_type=name, max_filter_ratio="1")
    assert answer["Status"] == "Fail" and "damaged" in answer["Message"], answer
    assert totals(server, database) == (0, 0)


def test_names_of_formats_and_compressions(server, database, items):
    assert items(gzip.compress(b"1,1,a\n"), format="csv_gz")["Status"] == "Success"
    assert items(gzip.compress(b'{"id": 2, "v": 2}\n'), format="json", compress_type="gz")["Status"] == "Success"
    for name in ("LZO", "LZOP", "LZ4_BLOCK", "SNAPPYBLOCK", "rar"):
        answer = items(b"x", compress_type=name)
        assert answer["Status"] == "Fail" and f"compress_type: {name} is not offered" in answer["Message"], answer
    assert totals(server, database) == (2, 3)


def test_a_bomb_is_refused_and_others_are_unharmed(server, database, items):
    bomb = gzip.compress(b"0" * 1_000_000, 9) * 300
    before = server.memory_bytes()
    answer = items(bomb, compress_type="gz", max_filter_ratio="1")
    assert answer["Status"] == "Fail" and "max_" in answer["Message"], answer
    assert server.memory_bytes() - before < 300_000_000
    assert items(b"7,7,a\n")["Status"] == "Success"
