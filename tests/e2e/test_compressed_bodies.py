"""Compressed bodies of Stream Loads: each format, members behind one another, damage, and bombs."""
import bz2
import gzip
import shutil
import struct
import subprocess
import zlib

import pytest

TEXT = "".join(f"{i},{i * 3},some text {i % 100}\n" for i in range(20_000)).encode()


SNAPPY_CHUNK = 1023 * 64 + 1
CRC32C = [0] * 256
for byte in range(256):
    CRC32C[byte] = byte
    for _ in range(8):
        CRC32C[byte] = CRC32C[byte] >> 1 ^ (0x82F63B78 if CRC32C[byte] & 1 else 0)


def snappy_block(piece):
    """Its length, and then copies of its only byte, or all of it as it is."""
    length, out = len(piece), b""
    while length >= 128:
        out, length = out + bytes([length & 127 | 128]), length >> 7
    out += bytes([length])
    if len(set(piece)) == 1 and len(piece) % 64 == 1:
        return out + b"\x00" + piece[:1] + (bytes([63 << 2 | 2]) + b"\x01\x00") * (len(piece) // 64)
    return out + bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece


def snappy_frames(data):
    """Snappy's framing format: a mark, then chunks with a masked checksum of what they become, which is at most 64 KiB."""
    out = b"\xff\x06\x00\x00sNaPpY"
    for start in range(0, len(data), SNAPPY_CHUNK):
        piece, checksum = data[start:start + SNAPPY_CHUNK], 0xFFFFFFFF
        for value in piece:
            checksum = checksum >> 8 ^ CRC32C[(checksum ^ value) & 0xFF]
        checksum ^= 0xFFFFFFFF
        masked = ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
        packed = struct.pack("<I", masked) + snappy_block(piece)
        out += b"\x00" + struct.pack("<I", len(packed))[:3] + packed
    return out


def by_command(*command):
    return lambda data: subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True, timeout=60).stdout


FORMATS = {"GZ": gzip.compress, "bz2": bz2.compress, "DEFLATE": zlib.compress, "SNAPPY": snappy_frames}
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


def test_nothing_is_unpacked_for_who_is_not_logged_in(server, database, items):
    """Not even looked at: what is no gzip at all gets the same answer."""
    bomb = gzip.compress(b"0" * 1_000_000, 9) * 300
    before = server.memory_bytes()
    for body in (bomb, b"no gzip"):
        _, _, answer = server.http("PUT", f"/api/{database}/items/_stream_load", body, {"compress_type": "gz"}, password="wrong")
        assert b"ccess denied" in answer and b"gz" not in answer and b"max_" not in answer, answer
    assert server.memory_bytes() - before < 50_000_000


@pytest.mark.parametrize("name", FORMATS)
def test_a_bomb_is_refused_and_others_are_unharmed(server, database, items, name):
    bomb = FORMATS[name](b"0" * SNAPPY_CHUNK * 4) * 1200
    before = server.memory_bytes()
    answer = items(bomb, compress_type=name, max_filter_ratio="1")
    assert answer["Status"] == "Fail" and "max_" in answer["Message"], (len(bomb), answer)
    assert server.memory_bytes() - before < 300_000_000
    assert items(b"7,7,a\n")["Status"] == "Success"
