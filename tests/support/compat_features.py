"""A small data directory with partitions, history, aggregates, sequences, flexible rows, views, routine loads and loads between
their two phases: what an earlier build wrote of them, and what is done with it (tests/data/compat/make.py)."""
import time

TEN_YEARS = 315360000
SETTINGS = {"storage.small_commit_bytes": "2KiB", "storage.delta_flush_rows": 40, "compaction.trigger_segments": 60,
            "compaction.dead_fraction": 1.0, "storage.precommit_timeout_seconds": TEN_YEARS}
TABLES = ("days", "towns", "sums", "seen", "flexible", "late", "stream")
QUERIES = (
    "SHOW TABLES FROM f", "SELECT * FROM f.totals WHERE town <> 'new' ORDER BY town",
    "SELECT * FROM f.days ORDER BY id, day", "SELECT * FROM f.days WHERE day = '2024-02-05' ORDER BY id",
    "SELECT * FROM f.days PARTITION (feb) ORDER BY id", "SELECT * FROM f.towns WHERE town <> 'new' ORDER BY town, id", "SELECT * FROM f.sums ORDER BY k",
    "SELECT * FROM f.seen ORDER BY id", "SELECT * FROM f.flexible ORDER BY id", "SELECT count(*), sum(v) FROM f.stream WHERE id < 1000000",
)


def _rows(count, row):
    return "".join(row(n) + "\n" for n in range(count))


def _load(server, table, body, **headers):
    return server.load("f", table, body, column_separator=",", **headers)


def fill(server, kafka):
    """Writes all of it; the queries that tell what is there."""
    queries = list(QUERIES)
    server.sql("CREATE DATABASE f")
    server.sql('CREATE TABLE f.days (id BIGINT NOT NULL, day DATE NOT NULL, v INT) UNIQUE KEY(id, day) PARTITION BY RANGE(day) ('
               'PARTITION jan VALUES [("2024-01-01"), ("2024-02-01")), PARTITION feb VALUES [("2024-02-01"), ("2024-03-01"))) '
               f'DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("history_retention_seconds" = "{TEN_YEARS}")')
    server.sql("CREATE TABLE f.towns (town VARCHAR(10) NOT NULL, id BIGINT NOT NULL, v INT) UNIQUE KEY(town, id) "
               "AUTO PARTITION BY LIST(town) () DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("CREATE TABLE f.sums (k INT NOT NULL, n BIGINT SUM, most INT MAX, owner VARCHAR(10) REPLACE_IF_NOT_NULL, "
               "who BITMAP BITMAP_UNION) AGGREGATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1")
    server.sql('CREATE TABLE f.seen (id BIGINT NOT NULL, v INT, at BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 '
               'PROPERTIES ("function_column.sequence_col" = "at")')
    server.sql('CREATE TABLE f.flexible (id BIGINT NOT NULL, a INT, b INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 '
               'PROPERTIES ("enable_unique_key_skip_bitmap_column" = "true")')
    server.sql("CREATE TABLE f.late (id BIGINT NOT NULL, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("CREATE TABLE f.stream (id BIGINT NOT NULL, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("CREATE VIEW f.totals (town, total) COMMENT 'of towns' AS SELECT town, sum(v) FROM f.towns GROUP BY town")

    _load(server, "days", _rows(200, lambda n: f"{n},2024-0{1 + n % 2}-0{1 + n % 9},{n}"))
    _load(server, "days", _rows(20, lambda n: f"{n},2024-0{1 + n % 2}-0{1 + n % 9},{n + 1000}"))
    versions = [row[0] for row in server.sql("SHOW VERSIONS FROM f.days")]
    server.sql("ALTER TABLE f.days COMPACT")
    server.sql("ALTER TABLE f.days ADD COLUMN added INT DEFAULT '3'")
    server.sql('ALTER TABLE f.days ADD PARTITION mar VALUES [("2024-03-01"), ("2024-04-01"))')
    server.sql("INSERT INTO f.days VALUES (1, '2024-03-08', 1, 1), (2, '2024-02-03', 2, 2)")
    versions.append(server.sql("SHOW VERSIONS FROM f.days LIMIT 1")[0][0])
    _load(server, "days", _rows(5, lambda n: f"{n},2024-0{1 + n % 2}-0{1 + n % 9}"), columns="id,day", merge_type="DELETE")
    queries += [f"SELECT * FROM f.days FOR VERSION AS OF {version} ORDER BY id, day" for version in versions]

    for turn in range(3):
        _load(server, "towns", _rows(150, lambda n, turn=turn: f"town{n % 4},{n},{n * turn}"))
        _load(server, "sums", _rows(100, lambda n, turn=turn: f"{n % 30},{n},{n * turn},{'abc'[turn] if n % 3 else chr(92) + 'N'},{n % 7}"),
              columns="k,n,most,owner,w,who=to_bitmap(w)")
        _load(server, "seen", _rows(120, lambda n, turn=turn: f"{n},{turn},{(turn * 7 + n) % 11}"))
    _load(server, "seen", _rows(10, lambda n: f"{n},1,100"), merge_type="DELETE")
    _load(server, "seen", _rows(10, lambda n: f"{n},9,50"))  # older than the deletes
    server.sql("INSERT INTO f.flexible VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3)")
    server.http("PUT", "/api/f/flexible/_stream_load", body=b'{"id": 1, "a": 10}\n{"id": 2, "b": 20}\n{"id": 4, "b": 40}\n{"id": 3, "__DORIS_DELETE_SIGN__": 1}\n',
                headers={"format": "json", "read_json_by_line": "true", "unique_key_update_mode": "UPDATE_FLEXIBLE_COLUMNS"})

    _load(server, "late", _rows(3, lambda n: f"{n},1"), label="small", two_phase_commit="true")
    _load(server, "late", _rows(400, lambda n: f"{n + 2},2"), label="large", two_phase_commit="true")
    _load(server, "late", _rows(3, lambda n: f"{n + 500},3"), label="given_up", two_phase_commit="true")

    kafka.create_topic("features", partitions=1)
    server.sql(f'CREATE ROUTINE LOAD f.job ON stream COLUMNS TERMINATED BY "," FROM KAFKA ("kafka_broker_list" = "{kafka.address}", '
               '"kafka_topic" = "features", "property.kafka_default_offsets" = "OFFSET_BEGINNING")')
    kafka.produce("features", [f"{n},{n}" for n in range(30)], partition=0)
    deadline = time.monotonic() + 60
    while server.value("SELECT count(*) FROM f.stream") < 30:
        assert time.monotonic() < deadline, "the routine load is late"
        time.sleep(0.05)
    server.sql("PAUSE ROUTINE LOAD FOR f.job")
    return queries


def end_phase(server, label, operation):
    status, _, body = server.http("PUT", "/api/f/_stream_load_2pc", headers={"label": label, "txn_operation": operation})
    assert status == 200 and b"Success" in body, body


def finish_late_loads(server):
    """Commits and aborts what waited between its phases: the rows are those of the first phase."""
    assert server.value("SELECT count(*) FROM f.late") == 0
    end_phase(server, "large", "commit")
    end_phase(server, "small", "commit")
    end_phase(server, "given_up", "abort")
    assert server.sql("SELECT count(*), sum(v), max(id) FROM f.late") == [(402, 3 + 2 * 399, 401)]


def load_more(server):
    """Changes of every table; none of what the queries ask for."""
    server.sql("INSERT INTO f.days VALUES (1000, '2024-03-01', 1, 1)")
    server.sql("DELETE FROM f.days WHERE id = 1000")
    server.sql("INSERT INTO f.towns VALUES ('new', 1, 1)")
    server.sql("ALTER TABLE f.towns ADD PARTITION newer VALUES IN ('newer')")
    server.sql("ALTER TABLE f.towns DROP PARTITION newer")
