"""The table property "compression": how pages of text are stored by loads and compactions, also after a restart."""
import subprocess

import pymysql
import pytest

from support.freshet_server import BINARY

# Lines that hardly differ: general compression beats symbol codes.
LINES = "\n".join(f"{i}\tGET /shop/cart HTTP/1.1 200 from the very same client as ever before {i % 900}" for i in range(20000)) + "\n"


def compressions(server):
    """Compressions of all pages of the column `line`."""
    found = set()
    for file in (server.data_dir / "segments").glob("*.seg"):
        inspect = subprocess.run([BINARY, "inspect", file], capture_output=True, text=True, timeout=60)
        assert inspect.returncode == 0 or not file.exists(), inspect.stderr  # a compaction may have removed it
        text = inspect.stdout
        column = ""
        for line in text.splitlines():
            if line.startswith("column"):
                column = line
            elif line.startswith("  page ") and " rows=" in line and "'line'" in column:
                found.add(line.split()[5])
    return found


@pytest.mark.parametrize("method, stored", [("NO_COMPRESSION", "uncompressed"), ("LZ4F", "lz4"), ("zstd", "zstd")])
def test_pages_are_compressed_as_the_table_asks(make_server, method, stored):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql(f'CREATE TABLE d.t (id INT NOT NULL, line STRING) UNIQUE KEY(id) PROPERTIES("compression" = "{method}")')
    assert f'"compression" = "{method}"' in server.sql("SHOW CREATE TABLE d.t")[0][1]
    for _ in range(2):
        assert server.stream_load("d", "t", LINES.encode())["Status"] == "Success"
    assert compressions(server) == {stored}
    server.restart()
    server.sql("ALTER TABLE d.t COMPACT")
    assert compressions(server) == {stored}
    assert server.value("SELECT count(*) FROM d.t WHERE line LIKE '%before 7'") == 23
    assert server.value("SELECT line FROM d.t WHERE id = 1807").endswith("before 7")


def test_other_names_are_refused(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    for method, words in (("SNAPPY", "not supported: it is NO_COMPRESSION, LZ4 or ZSTD"), ("best", "LZ4 or ZSTD, not 'best'")):
        with pytest.raises(pymysql.Error) as refused:
            server.sql(f'CREATE TABLE d.t (id INT) PROPERTIES("compression" = "{method}")')
        assert words in str(refused.value)
