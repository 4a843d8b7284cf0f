"""Older versions of a table: FOR VERSION AS OF, FOR TIME AS OF, SHOW VERSIONS, and what ends them."""
import subprocess
import time

import pytest
from pymysql.err import MySQLError

from support.freshet_server import BINARY


def newest_version(server, table):
    return int(server.sql(f"SHOW VERSIONS FROM {table} LIMIT 1")[0][0])


def state(server, table, version=None):
    as_of = f" FOR VERSION AS OF {version}" if version is not None else ""
    return dict(server.sql(f"SELECT id, v FROM {table}{as_of} ORDER BY id"))


def test_versions_of_a_random_history(make_server, rng):
    """Every version of a random history reads as the model was then, across flushes, compactions and restarts."""
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql('CREATE TABLE d.t (id BIGINT, v STRING) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 '
               'PROPERTIES ("history_retention_seconds" = "3600")')
    model, history = {}, {}
    for step in range(60):
        action = rng.random()
        if action < 0.6:
            chosen = {rng.randrange(200): f"s{step}-{rng.randrange(1000)}" for _ in range(rng.randrange(1, 40))}
            server.sql("INSERT INTO d.t VALUES " + ",".join(f"({k}, '{v}')" for k, v in chosen.items()))
            model.update(chosen)
        elif action < 0.75 and model:
            keys = rng.sample(sorted(model), min(len(model), rng.randrange(1, 10)))
            server.load("d", "t", "\n".join(f"{key},x" for key in keys), merge_type="DELETE", column_separator=",")
            for key in keys:
                del model[key]
        elif action < 0.95:
            server.sql("ALTER TABLE d.t COMPACT")
            continue
        else:
            if rng.random() < 0.5:
                server.kill()
                server.start()
            else:
                server.restart()
            continue
        history[newest_version(server, "d.t")] = dict(model)
    for version, expected in history.items():
        assert state(server, "d.t", version) == expected, f"version {version}"
        assert server.sql(f"SELECT count(*) FROM d.t FOR VERSION AS OF {version} AS x") == [(len(expected),)]
    server.sql("ALTER TABLE d.t COMPACT")
    versions = rng.sample(sorted(history), min(10, len(history)))
    for version in versions:
        assert state(server, "d.t", version) == history[version], f"version {version} after the last compaction"
    assert state(server, "d.t") == model
    assert server.stop() == 0
    checked = subprocess.run([BINARY, "check", server.data_dir], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_time_and_list(server, database):
    server.sql(f'CREATE TABLE {database}.t (id INT, v STRING) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 '
               'PROPERTIES ("history_retention_seconds" = "3600")')
    server.load(database, "t", "1,a\n2,b\n", label="first", column_separator=",")
    server.load(database, "t", "2,c\n3,d\n", label="second", column_separator=",")
    listed = server.sql(f"SHOW VERSIONS FROM {database}.t")
    assert [(int(added), int(deleted), label) for _, _, added, deleted, label in listed] == [(2, 1, "second"), (2, 0, "first")]
    first_time = listed[1][1]
    assert server.sql(f"SELECT id, v FROM {database}.t FOR TIME AS OF '{first_time}' ORDER BY id") == [(1, "a"), (2, "b")]
    joined = server.sql(f"SELECT a.v, b.v FROM {database}.t a JOIN {database}.t FOR VERSION AS OF {listed[1][0]} b "
                        "ON a.id = b.id WHERE a.v <> b.v")
    assert joined == [("c", "b")]
    with pytest.raises(MySQLError, match="does not exist yet"):
        server.sql(f"SELECT * FROM {database}.t FOR VERSION AS OF 999999999")
    with pytest.raises(MySQLError, match="SHOW VERSIONS"):
        server.sql(f"SELECT * FROM {database}.t FOR TIME AS OF '2001-01-01'")
    with pytest.raises(MySQLError, match="invalid timestamp"):
        server.sql(f"SELECT * FROM {database}.t FOR TIME AS OF 'yesterday'")


def test_history_ends_with_its_retention(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql('CREATE TABLE d.t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 '
               'PROPERTIES ("history_retention_seconds" = "5")')
    server.sql("INSERT INTO d.t VALUES (1, 1)")
    old = newest_version(server, "d.t")
    for value in range(2, 6):
        server.sql(f"INSERT INTO d.t VALUES (1, {value})")
        server.sql("ALTER TABLE d.t COMPACT")
    assert state(server, "d.t", old) == {1: 1}
    deadline = time.monotonic() + 40
    while True:
        try:
            assert state(server, "d.t", old) == {1: 1}
        except MySQLError as error:
            assert "older than its history" in str(error)
            break
        assert time.monotonic() < deadline
        time.sleep(0.5)
    # The files of older versions are gone.
    assert len(list((server.data_dir / "segments").glob("*.seg"))) == 1
    assert state(server, "d.t") == {1: 5}


def test_a_table_without_history_says_so(server, database):
    server.sql(f"CREATE TABLE {database}.t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql(f"INSERT INTO {database}.t VALUES (1, 1)")
    with pytest.raises(MySQLError, match="keeps no older versions"):
        server.sql(f"SELECT * FROM {database}.t FOR VERSION AS OF {newest_version(server, database + '.t')}")
    with pytest.raises(MySQLError, match="whole seconds"):
        server.sql(f'CREATE TABLE {database}.u (id INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 '
                   'PROPERTIES ("history_retention_seconds" = "a day")')


def test_versions_before_a_truncate_stay(server, database):
    server.sql(f'CREATE TABLE {database}.t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 '
               'PROPERTIES ("history_retention_seconds" = "3600")')
    server.sql(f"INSERT INTO {database}.t VALUES (1, 1)")
    before = newest_version(server, f"{database}.t")
    server.sql(f"ALTER TABLE {database}.t COMPACT")
    server.sql(f"TRUNCATE TABLE {database}.t")
    truncated = newest_version(server, f"{database}.t")
    server.sql(f"INSERT INTO {database}.t VALUES (2, 2)")
    assert state(server, f"{database}.t", truncated) == {}
    assert state(server, f"{database}.t", before) == {1: 1}


def test_versions_before_a_dropped_partition_have_its_rows(server, database):
    server.sql(f'CREATE TABLE {database}.t (id INT, v INT) UNIQUE KEY(id) '
               'PARTITION BY RANGE(id) (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN (20)) '
               'DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("history_retention_seconds" = "3600")')
    server.sql(f"INSERT INTO {database}.t VALUES (1, 1), (11, 1)")
    before = newest_version(server, f"{database}.t")
    server.sql(f"ALTER TABLE {database}.t DROP PARTITION low")
    assert state(server, f"{database}.t", before) == {1: 1, 11: 1}
    assert server.sql(f"SELECT v FROM {database}.t FOR VERSION AS OF {before} WHERE id = 1") == [(1,)]
    assert server.sql(f"SELECT id FROM {database}.t") == [(11,)]
    with pytest.raises(MySQLError):
        server.sql(f"SELECT id FROM {database}.t PARTITION (low)")


def test_times_that_are_expressions(server, database):
    server.sql(f'CREATE TABLE {database}.t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 '
               'PROPERTIES ("history_retention_seconds" = "3600")')
    server.sql(f"INSERT INTO {database}.t VALUES (1, 0)")
    first, its_time = server.sql(f"SHOW VERSIONS FROM {database}.t")[0][:2]
    for value in range(1, 6):
        server.sql(f"INSERT INTO {database}.t VALUES (1, {value})")
        for now in ("now()", "NOW(6)", "CURRENT_TIMESTAMP", "current_timestamp()", "localtime", "utc_timestamp()", "(now())",
                    "'2100-01-01'", "TIMESTAMP '2100-01-01 00:00:00'", "now() + INTERVAL 1 DAY", "date_add(now(), INTERVAL 1 DAY)"):
            assert server.sql(f"SELECT v FROM {database}.t FOR TIME AS OF {now}") == [(value,)], now
            assert server.sql(f"SELECT x.v FROM {database}.t FOR TIME AS OF {now} x WHERE x.id = 1") == [(value,)], now
    for then in (f"TIMESTAMP '{its_time}' + INTERVAL 1 MICROSECOND", f"date_add('{its_time}', INTERVAL 1 MICROSECOND)"):
        assert server.sql(f"SELECT v FROM {database}.t FOR TIME AS OF {then}") == [(0,)], then
    assert server.sql(f"SELECT v FROM {database}.t FOR VERSION AS OF {int(first) - 1} + 1") == [(0,)]


def test_show_versions_applies_what_it_is_asked(server, database):
    server.sql(f"CREATE TABLE {database}.t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    for number in range(5):
        server.load(database, "t", "".join(f"{key},1\n" for key in range(number + 1)), label=f"{database}_{number}", column_separator=",")

    def labels(tail):
        return [row[4][-1] for row in server.sql(f"SHOW VERSIONS FROM {database}.t {tail}")]

    assert labels("") == ["4", "3", "2", "1", "0"]
    assert labels("LIMIT 2") == ["4", "3"]
    assert labels("LIMIT 1, 2") == labels("LIMIT 2 OFFSET 1") == ["3", "2"]
    assert labels("ORDER BY Version LIMIT 2") == ["0", "1"]
    assert labels("ORDER BY RowsDeleted DESC, version") == ["4", "3", "2", "1", "0"]
    assert labels(f"WHERE Label = '{database}_3'") == ["3"]
    assert labels(f"WHERE label LIKE '{database}%' AND rowsadded = 2 LIMIT 5") == ["1"]
    for wrong in ("WHERE nosuch = 1", "ORDER BY nosuch"):
        with pytest.raises(MySQLError):
            labels(wrong)


def test_history_is_as_long_as_the_setting_allows(make_server):
    server = make_server({"storage.history_versions": 3})
    server.sql("CREATE DATABASE d")
    server.sql('CREATE TABLE d.t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 '
               'PROPERTIES ("history_retention_seconds" = "3600")')
    for value in range(6):
        server.sql(f"INSERT INTO d.t VALUES (1, {value})")
    deadline = time.monotonic() + 40
    while len(server.sql("SHOW VERSIONS FROM d.t")) > 3:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    versions = [int(row[0]) for row in server.sql("SHOW VERSIONS FROM d.t")]
    assert [state(server, "d.t", version) for version in versions] == [{1: 5}, {1: 4}, {1: 3}]
    with pytest.raises(MySQLError, match="older than its history"):
        state(server, "d.t", versions[-1] - 1)


def test_a_history_begins_with_the_version_of_then(server, database):
    """The newest version can be read as soon as the table keeps its history, though it is older than that."""
    server.sql(f"CREATE TABLE {database}.t (id INT, v INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    for value in range(3):
        server.sql(f"INSERT INTO {database}.t VALUES ({value}, 1)")
    older, newest = (int(row[0]) for row in server.sql(f"SHOW VERSIONS FROM {database}.t ORDER BY Version LIMIT 1, 2"))
    server.sql(f'ALTER TABLE {database}.t SET ("history_retention_seconds" = "3600")')

    def expect_the_first():
        assert state(server, f"{database}.t", newest) == {0: 1, 1: 1, 2: 1}
        for version in (older, newest - 1):
            with pytest.raises(MySQLError, match="older than its history"):
                state(server, f"{database}.t", version)

    expect_the_first()
    assert server.sql(f"SELECT count(*) FROM {database}.t FOR TIME AS OF now()") == [(3,)]
    server.sql(f"INSERT INTO {database}.t VALUES (1, 2)")
    server.sql(f"ALTER TABLE {database}.t COMPACT")
    expect_the_first()
