#!/usr/bin/env python3
"""Writes tests/data/compat/NAME: a small data directory made by one build, and what it answers.

    FRESHET_BINARY=PATH .deps/venv/bin/python tests/data/compat/make.py NAME [features]

The folder gets data.tar.xz (the data directory of a server that was killed) and answers.txt, or features.txt where the data is
that of support/compat_features.py (read by tests/e2e/test_compatibility.py). Add one when the format of a record or file changes;
keep the old ones.
"""
import pathlib
import random
import shutil
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support import compat_features  # noqa: E402
from support.compat_answers import write_answers  # noqa: E402
from support.freshet_server import FreshetServer  # noqa: E402
from support.kafka_broker import KafkaBroker  # noqa: E402

BYTES_MAX = 300_000
# Every load above 2 KiB is a segment; buffers are flushed, so bitmaps are folded; nothing is compacted unless asked for.
SETTINGS = {"storage.small_commit_bytes": "2KiB", "storage.delta_flush_rows": 40, "compaction.trigger_segments": 60,
            "compaction.dead_fraction": 1.0}

TYPES = ("b BOOLEAN, ti TINYINT, si SMALLINT, i INT, li LARGEINT, f FLOAT, d DOUBLE, de DECIMAL(38,10), d2 DECIMAL(9,2), "
         "da DATE, dt DATETIME(3), c CHAR(5), v VARCHAR(40), s STRING, j JSON")
QUERIES = (
    "SHOW DATABASES", "SHOW TABLES FROM c", "DESC c.wide", "DESC c.pair", "DESC c.log", "DESC c.counter",
    "SELECT * FROM c.wide WHERE id < 1000000 ORDER BY id", "SELECT * FROM c.wide WHERE id = 7", "SELECT * FROM c.wide WHERE id = 13",
    "SELECT count(*), sum(i), min(dt), max(v) FROM c.wide WHERE id < 1000000",
    "SELECT * FROM c.pair WHERE n < 1000000 ORDER BY a, d, n", "SELECT v FROM c.pair WHERE a = 'key 3' AND d = '2024-01-04' AND n = 3",
    "SELECT a, count(*), sum(v) FROM c.pair WHERE n < 1000000 GROUP BY a ORDER BY a",
    "SELECT noted, what, count(*), sum(size) FROM c.log WHERE noted < '2030-01-01' GROUP BY noted, what ORDER BY noted, what",
    "SELECT count(*), count(size), min(what), max(what) FROM c.log WHERE noted < '2030-01-01'",
    "SELECT * FROM c.counter WHERE name <> 'new' ORDER BY id", "SELECT * FROM c.stream WHERE id < 1000000 ORDER BY id",
    "SELECT count(*) FROM c.emptied",
)


def wide_row(rng, key):
    if key % 13 == 0:
        return f"{key}" + ",\\N" * 15
    day = f"{2000 + key % 30}-{1 + key % 12:02}-{1 + key % 28:02}"
    return (f"{key},{key % 2},{key % 100 - 50},{key * 37 % 30000 - 15000},{rng.randrange(-2**31, 2**31)},{rng.randrange(-2**100, 2**100)},"
            f"{rng.randrange(1000) / 8},{rng.uniform(-1e9, 1e9)!r},{rng.randrange(10**25)}.5,{rng.randrange(10**6) / 100:.2f},{day},"
            f"{day} {key % 24:02}:{key % 60:02}:59.{key % 1000:03},{'abcde'[:key % 6]},{'x' * (key % 40)},text {rng.randrange(10)} é,"
            f"[{key}]")


def fill(server, kafka, rng):
    server.sql("CREATE DATABASE c")
    server.sql("CREATE DATABASE empty")
    server.sql(f"CREATE TABLE c.wide (id BIGINT NOT NULL, {TYPES}) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    server.sql("CREATE TABLE c.pair (a VARCHAR(20) NOT NULL, d DATE, n INT, v BIGINT DEFAULT '7' COMMENT 'a value') UNIQUE KEY(a, d, n) "
               "DISTRIBUTED BY HASH(a) BUCKETS 2")
    server.sql("CREATE TABLE c.log (noted DATETIME NOT NULL, what VARCHAR(30), size INT) DUPLICATE KEY(noted) DISTRIBUTED BY HASH(noted) BUCKETS 1")
    server.sql("CREATE TABLE c.counter (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL DEFAULT '')")
    server.sql("CREATE TABLE c.stream (id BIGINT NOT NULL, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("CREATE TABLE c.emptied (id BIGINT NOT NULL) UNIQUE KEY(id)")
    server.sql("CREATE TABLE c.dropped (id BIGINT NOT NULL) UNIQUE KEY(id)")

    def wide(keys, label=None):
        server.load("c", "wide", "".join(wide_row(rng, key) + "\n" for key in keys), column_separator=",", **({"label": label} if label else {}))

    def pair(numbers, **headers):
        rows = (f"key {n % 7},{'' if n % 5 == 0 else '2024-01-0' + str(1 + n % 7)},{n},{rng.randrange(10**12)}\n".replace(",,", ",\\N,") for n in numbers)
        server.load("c", "pair", "".join(rows), column_separator=",", **headers)

    wide(range(200), "first")  # segments
    wide(range(100, 300))  # with dead rows
    pair(range(300))
    pair(range(0, 300, 2))
    for start in range(0, 300, 3):  # delta buffers, some of which are flushed: folded bitmaps
        wide([start])
        pair([start])
    pair(range(20), columns="a,d,n,v", merge_type="DELETE")
    server.sql("DELETE FROM c.wide WHERE id = 17")
    for _ in range(3):
        server.load("c", "log", "".join(f"2024-01-{1 + n % 9:02} 00:00:00,{'open close'.split()[n % 2]},{n if n % 4 else chr(92) + 'N'}\n" for n in range(100)),
                    column_separator=",")
    server.sql("ALTER TABLE c.log COMPACT")
    server.sql("INSERT INTO c.log VALUES ('2024-02-01', 'last', 5), ('2024-02-01', 'last', 5)")
    server.sql("INSERT INTO c.counter (name) VALUES ('one'), ('two'), ('three')")
    server.sql("INSERT INTO c.emptied VALUES (1), (2)")
    server.sql("TRUNCATE TABLE c.emptied")
    server.sql("INSERT INTO c.dropped VALUES (1)")
    server.sql("DROP TABLE c.dropped")
    server.load("c", "pair", "late,2024-01-09,5,1\n", column_separator=",", label="second")

    kafka.create_topic("stream", partitions=2)
    server.sql(f'CREATE ROUTINE LOAD c.job ON stream COLUMNS TERMINATED BY "," FROM KAFKA ("kafka_broker_list" = "{kafka.address}", '
               '"kafka_topic" = "stream", "property.kafka_default_offsets" = "OFFSET_BEGINNING")')
    kafka.produce("stream", [f"{n},{n * n}" for n in range(20)], partition=0)
    kafka.produce("stream", [f"{n},{n}" for n in range(100, 115)], partition=1)
    deadline = time.monotonic() + 60
    while server.value("SELECT count(*) FROM c.stream") < 35:
        assert time.monotonic() < deadline, "the routine load is late"
        time.sleep(0.05)
    server.sql("PAUSE ROUTINE LOAD FOR c.job")
    wide(range(50, 56))  # carried blocks that no flush follows
    wide(range(53, 59))
    wide([7])


def main():
    has_features = sys.argv[2:] == ["features"]
    if len(sys.argv) != 2 and not has_features:
        sys.exit(__doc__)
    target = pathlib.Path(__file__).resolve().parent / sys.argv[1]
    target.mkdir(exist_ok=False)
    with tempfile.TemporaryDirectory() as folder:
        kafka = KafkaBroker(pathlib.Path(folder) / "kafka").start()
        try:
            server = FreshetServer(pathlib.Path(folder) / "server", compat_features.SETTINGS if has_features else SETTINGS).start()
            try:
                queries = QUERIES
                if has_features:
                    queries = compat_features.fill(server, kafka)
                else:
                    fill(server, kafka, random.Random(20261121))
                time.sleep(1.5)  # two rounds of the flusher
                write_answers(server, queries, target / ("features.txt" if has_features else "answers.txt"))
            finally:
                server.kill()
        finally:
            kafka.stop()
        for name in ("ports.json", "temporary", "error_logs", "meta/LOG", "meta/LOCK"):
            path = server.data_dir / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        with tarfile.open(target / "data.tar.xz", "w:xz") as archive:
            archive.add(server.data_dir, "data")
    size = (target / "data.tar.xz").stat().st_size
    assert size <= BYTES_MAX, f"{size} bytes, at most {BYTES_MAX} are kept"
    print(f"{target}: {size} bytes, {len(queries)} answers")


if __name__ == "__main__":
    main()
