"""CHECK, ANALYZE, OPTIMIZE, REPAIR and CHECKSUM TABLE, and mariadb-check, which asks for them."""
import pymysql
import pytest

from test_kafka_load import wait_for
from test_mysql_clients import run_program

ROWS = 20_000


@pytest.fixture
def shop(make_server):
    """Two tables whose rows lie in segment files: `a` in two of them, so that there is something to compact."""
    server = make_server({"storage.small_commit_bytes": 0, "compaction.trigger_segments": 60})
    server.sql("CREATE DATABASE shop")
    for table, loads in (("a", 2), ("b", 1)):
        server.sql(f"CREATE TABLE shop.{table} (id BIGINT, v VARCHAR(40)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
        for load in range(loads):
            rows = "".join(f"{load * ROWS + i},value {i * 7919 % 10_007}\n" for i in range(ROWS))
            server.load("shop", table, rows.encode(), column_separator=",")
    server.sql("CREATE VIEW shop.seen AS SELECT id FROM shop.a")
    return server


def test_whole_files_are_ok(shop):
    assert shop.sql("CHECK TABLE shop.a, shop.b EXTENDED") == [("shop.a", "check", "status", "OK"), ("shop.b", "check", "status", "OK")]
    assert shop.sql("CHECK TABLES shop.seen")[-1] == ("shop.seen", "check", "status", "OK")
    assert shop.sql("CHECK TABLE shop.nope, shop.b QUICK")[1:] == [("shop.nope", "check", "status", "Operation failed"),
                                                                    ("shop.b", "check", "status", "OK")]
    assert shop.sql("ANALYZE LOCAL TABLE shop.a") == [("shop.a", "analyze", "status", "OK")]
    assert shop.sql("ANALYZE TABLE shop.a (id, v) WITH SAMPLE PERCENT 10 WITH SYNC") == [("shop.a", "analyze", "status", "OK")]
    assert shop.sql("CHECKSUM TABLE shop.a, shop.b QUICK") == [("shop.a", None), ("shop.b", None)]
    assert shop.sql("REPAIR TABLE shop.a USE_FRM")[0][2:] == ("note", "The storage engine for the table doesn't support repair")


def test_a_flipped_bit_is_told_with_its_file(shop):
    """In each of some places of each file."""
    files = sorted((shop.data_dir / "segments").glob("*.seg"))
    assert len(files) == 3
    for file in files:
        whole = file.read_bytes()
        for place in (100, len(whole) // 2, len(whole) - 60):
            damaged = bytearray(whole)
            damaged[place] ^= 4
            file.write_bytes(damaged)
            answers = shop.sql("CHECK TABLE shop.a, shop.b")
            damaged_table = next(row[0] for row in answers if row[2] == "error")
            told = [row for row in answers if row[0] == damaged_table]
            assert file.name in told[0][3] and told[-1][2:] == ("error", "Corrupt"), (file, place, answers)
            assert [row[2:] for row in answers if row[0] != damaged_table] == [("status", "OK")]
        file.write_bytes(whole)
    assert {row[3] for row in shop.sql("CHECK TABLE shop.a, shop.b")} == {"OK"}


def test_optimize_compacts(shop):
    assert shop.sql("OPTIMIZE TABLE shop.a") == [("shop.a", "optimize", "note", "1 of 1 tablets will be compacted"),
                                                 ("shop.a", "optimize", "status", "OK")]
    wait_for(lambda: shop.sql("OPTIMIZE TABLE shop.a") == [("shop.a", "optimize", "status", "Table is already up to date")],
             "compacted table")
    assert shop.sql("CHECK TABLE shop.a") == [("shop.a", "check", "status", "OK")]
    assert shop.sql("SELECT count(*), count(DISTINCT id) FROM shop.a") == [(2 * ROWS, 2 * ROWS)]


def test_the_client_program_reads_the_answers(shop):
    for option in ("--check", "--analyze", "--optimize"):
        lines = run_program(shop, "mariadb-check", option, "shop").splitlines()
        assert any(line.startswith("shop.b") and line.endswith(("OK", "Table is already up to date")) for line in lines), (option, lines)


def test_rights_and_words(shop):
    shop.sql("CREATE USER reader IDENTIFIED BY 'x'")
    shop.sql("GRANT SELECT_PRIV ON shop.a TO reader")
    with shop.connect(user="reader", password="x") as reader, reader.cursor() as cursor:
        cursor.execute("CHECK TABLE shop.a")
        assert cursor.fetchall() == (("shop.a", "check", "status", "OK"),)
        for statement, number in (("CHECK TABLE shop.b", 1142), ("OPTIMIZE TABLE shop.a", 1142), ("CHECK TABLE shop.a FULLY", 1064),
                                  ("OPTIMIZE shop.a", 1064), ("CHECKSUM TABLE shop.b", 1142), ("CHECK TABLE a", 1046)):
            with pytest.raises(pymysql.Error) as error:
                cursor.execute(statement)
            assert error.value.args[0] == number, statement
