"""Partitions from outside: DDL, routing, pruning, AUTO and dynamic partitions, and what a user gets wrong."""
import datetime
import re
import subprocess
import threading

import pytest
from pymysql.err import MySQLError

from support.freshet_server import BINARY

MONTHS = """CREATE TABLE {}.t (day DATE NOT NULL, id BIGINT NOT NULL, v INT) UNIQUE KEY(day, id)
PARTITION BY RANGE(day) (PARTITION p1 VALUES LESS THAN ("2024-02-01"), PARTITION p2 VALUES LESS THAN ("2024-03-01"),
PARTITION p4 VALUES [("2024-04-01"), ("2024-05-01"))) DISTRIBUTED BY HASH(id) BUCKETS 2"""


def refused(server, statement):
    with pytest.raises(MySQLError) as error:
        server.sql(statement)
    return str(error.value)


def partitions(server, table):
    return {row[1]: int(row[-1]) for row in server.sql(f"SHOW PARTITIONS FROM {table}")}


def pruned(server, query):
    """(all, pruned) partitions, by the plan of a query."""
    plan = "\n".join(row[0] for row in server.sql("EXPLAIN " + query))
    found = re.search(r"Partitions\W+\d+ of (\d+) \((\d+) pruned", plan)
    assert found, plan
    return int(found[1]), int(found[2])


def test_rows_go_where_they_belong(server, database):
    server.sql(MONTHS.format(database))
    table = f"{database}.t"
    answer = server.stream_load(database, "t", "2023-05-05,1,1\n2024-02-29,2,1\n2024-03-10,3,1\n2024-04-01,4,1\n",
                                column_separator=",", max_filter_ratio=0.5)
    assert answer["Status"] == "Success" and answer["NumberFilteredRows"] == 1 and answer["NumberLoadedRows"] == 3, answer
    log = server.http("GET", "/" + answer["ErrorURL"].split("://", 1)[1].split("/", 1)[1])[2].decode()
    assert "no partition for this tuple" in log and "2024-03-10" in log
    assert server.stream_load(database, "t", "2024-03-10,3,1\n", column_separator=",")["Status"] == "Fail"
    assert partitions(server, table) == {"p1": 1, "p2": 1, "p4": 1}
    assert "no partition" in refused(server, f"INSERT INTO {table} VALUES ('2024-03-10', 3, 1)")
    server.sql(f"INSERT INTO {table} VALUES ('2024-02-29', 2, 7), ('2024-02-01', 5, 5)")
    assert server.sql(f"SELECT id, v FROM {table} ORDER BY id") == [(1, 1), (2, 7), (4, 1), (5, 5)]
    assert server.sql(f"SELECT v FROM {table} WHERE day = '2024-02-29' AND id = 2") == [(7,)], "a point read"
    assert server.sql(f"SELECT v FROM {table} WHERE day = '2024-03-29' AND id = 2") == [], "of no partition"
    assert server.value(f"SELECT count(*) FROM {table}") == 4
    assert server.sql(f"SELECT id FROM {table} PARTITION (p2) ORDER BY id") == [(2,), (5,)]
    assert server.sql(f"SELECT x.id FROM {table} PARTITION(p1, p4) x JOIN {table} y ON x.id = y.id ORDER BY 1") == [(1,), (4,)]
    assert server.value(f"SELECT count(*) FROM {table} PARTITION(p4)") == 1
    assert "nope" in refused(server, f"SELECT * FROM {table} PARTITION(nope)")
    server.sql(f"DELETE FROM {table} WHERE day = '2024-02-29' AND id = 2")
    assert partitions(server, table) == {"p1": 1, "p2": 1, "p4": 1}
    server.sql(f"INSERT INTO {table} PARTITION (p1) (day, id, v) VALUES ('2024-01-09', 8, 8)")
    assert "none of the partitions" in refused(server, f"INSERT INTO {table} PARTITION (p1) VALUES ('2024-02-09', 9, 9)")
    only = server.stream_load(database, "t", "2024-02-05,6,1\n2024-04-02,7,1\n", column_separator=",", partitions="p4",
                              max_filter_ratio=0.5)
    assert (only["NumberLoadedRows"], only["NumberFilteredRows"]) == (1, 1), only
    assert "nope" in server.stream_load(database, "t", "2024-02-05,6,1\n", column_separator=",", partitions="nope")["Message"]


def test_scans_skip_partitions(server, database):
    server.sql(MONTHS.format(database))
    table = f"{database}.t"
    server.load(database, "t", "".join(f"2024-0{month}-03,{i},{i}\n" for i in range(100) for month in (1, 2, 4)),
                column_separator=",")
    assert pruned(server, f"SELECT v + 0 FROM {table} WHERE day = '2024-02-03'") == (3, 2)
    assert pruned(server, f"SELECT * FROM {table} WHERE day >= '2024-02-01'") == (3, 1)
    assert server.value(f"SELECT sum(v) FROM {table} WHERE day >= '2024-02-01' AND day < '2024-03-01'") == 4950
    assert server.value(f"SELECT count(*) FROM {table} WHERE day > '2024-05-01'") == 0


def test_partitions_come_and_go(server, database):
    server.sql(MONTHS.format(database))
    table = f"{database}.t"
    server.sql(f"ALTER TABLE {table} ADD PARTITION p3 VALUES [('2024-03-01'), ('2024-04-01')) DISTRIBUTED BY HASH(id) BUCKETS 5")
    server.sql(f"ALTER TABLE {table} ADD PARTITION IF NOT EXISTS p3 VALUES LESS THAN ('2030-01-01')")
    server.load(database, "t", "".join(f"2024-0{month}-03,{i},{i}\n" for i in range(10) for month in (1, 2, 3, 4)),
                column_separator=",")
    assert partitions(server, table) == {"p1": 10, "p2": 10, "p3": 10, "p4": 10}
    assert [row[8] for row in server.sql(f"SHOW PARTITIONS FROM {table} WHERE PartitionName = 'p3'")] == ["5"]
    server.sql(f"ALTER TABLE {table} DROP PARTITION p2, DROP PARTITION IF EXISTS p9")
    server.sql(f"ALTER TABLE {table} RENAME PARTITION p3 march")
    server.sql(f"TRUNCATE TABLE {table} PARTITION(march)")
    assert partitions(server, table) == {"p1": 10, "march": 0, "p4": 10}
    assert server.value(f"SELECT count(*) FROM {table}") == 20
    assert "intersected" in refused(server, f"ALTER TABLE {table} ADD PARTITION x VALUES [('2024-01-05'), ('2024-01-06'))")
    assert "p2" in refused(server, f"ALTER TABLE {table} DROP PARTITION p2")
    assert "p2" in refused(server, f"ALTER TABLE {table} DROP PARTITION p1, DROP PARTITION p2")
    assert partitions(server, table) == {"p1": 10, "march": 0, "p4": 10}
    assert "part of the key" in refused(server, f"ALTER TABLE {table} DROP COLUMN day")
    shown = server.sql(f"SHOW CREATE TABLE {table}")[0][1]
    server.sql(f"DROP TABLE {table}")
    server.sql(shown.replace("CREATE TABLE `t`", f"CREATE TABLE {table}"))
    assert server.sql(f"SHOW CREATE TABLE {table}")[0][1] == shown
    assert list(partitions(server, table)) == ["p1", "march", "p4"]
    server.sql(f"CREATE TABLE {database}.u LIKE {table}")
    assert list(partitions(server, f"{database}.u")) == ["p1", "march", "p4"]


def test_steps_lists_and_nulls(server, database):
    server.sql(f"""CREATE TABLE {database}.days (d DATE, v INT) DUPLICATE KEY(d)
        PARTITION BY RANGE(d) (FROM ("2024-01-30") TO ("2024-03-15") INTERVAL 1 MONTH,
                               PARTITION early VALUES LESS THAN ("2000-01-01"))""")
    assert list(partitions(server, f"{database}.days")) == ["early", "p_202401", "p_202402"]
    server.sql(f"ALTER TABLE {database}.days ADD COLUMN w INT, DROP COLUMN w")
    server.sql(f"INSERT INTO {database}.days VALUES (NULL, 1), ('2024-02-28', 2), ('2024-03-14', 3)")
    assert partitions(server, f"{database}.days") == {"early": 1, "p_202401": 1, "p_202402": 1}
    server.sql(f"""CREATE TABLE {database}.numbers (n INT, v INT) DUPLICATE KEY(n)
        PARTITION BY RANGE(n) (FROM ("-10") TO ("15") INTERVAL 10) DISTRIBUTED BY RANDOM BUCKETS 3""")
    server.sql(f"INSERT INTO {database}.numbers VALUES (-10, 1), (9, 1), (10, 1), (14, 1)")
    assert partitions(server, f"{database}.numbers") == {"p__10": 1, "p_0": 1, "p_10": 2}
    server.sql(f"""CREATE TABLE {database}.towns (town VARCHAR(20), n INT, v INT) UNIQUE KEY(town, n)
        PARTITION BY LIST(town) (PARTITION north VALUES IN ("oslo", "bergen"), PARTITION none VALUES IN (NULL))""")
    server.sql(f"INSERT INTO {database}.towns VALUES ('oslo', 1, 1), (NULL, 1, 1)")
    assert "no partition" in refused(server, f"INSERT INTO {database}.towns VALUES ('rome', 1, 1)")
    assert partitions(server, f"{database}.towns") == {"north": 1, "none": 1}
    assert pruned(server, f"SELECT * FROM {database}.towns WHERE town IS NULL") == (2, 1)
    assert server.value(f"SELECT count(*) FROM {database}.towns WHERE town = 'oslo'") == 1


@pytest.mark.parametrize("definition, problem", [
    ("(k INT, d DATE) UNIQUE KEY(k) PARTITION BY RANGE(d) ()", "part of the UNIQUE KEY"),
    ("(k INT, d DATE) UNIQUE KEY(k, d) PARTITION BY RANGE(x) ()", "'x'"),
    ("(k INT, d DOUBLE) DUPLICATE KEY(k) PARTITION BY RANGE(d) ()", "cannot be a RANGE partition column"),
    ("(k INT) DUPLICATE KEY(k) PARTITION BY RANGE(k) (PARTITION a VALUES LESS THAN (5), PARTITION b VALUES LESS THAN (5))",
     "empty"),
    ("(k INT) DUPLICATE KEY(k) PARTITION BY RANGE(k) (PARTITION a VALUES [(1), (5)), PARTITION b VALUES [(4), (9)))",
     "intersected"),
    ("(k INT) DUPLICATE KEY(k) PARTITION BY RANGE(k) (PARTITION a VALUES LESS THAN ('x'))", "'x'"),
    ("(k INT) DUPLICATE KEY(k) PARTITION BY LIST(k) (PARTITION a VALUES IN (1, 1))", "as well"),
    ("(k INT) DUPLICATE KEY(k) PARTITION BY HASH(k) PARTITIONS 4", "DISTRIBUTED BY HASH"),
    ("(k INT) DUPLICATE KEY(k) PARTITION BY RANGE(k) (FROM (1) TO (100000) INTERVAL 1)", "4096"),
    ("(d DATE) DUPLICATE KEY(d) AUTO PARTITION BY RANGE (date_trunc(d, 'month')) ()", "NOT NULL"),
    ("(d DATE NOT NULL) DUPLICATE KEY(d) AUTO PARTITION BY RANGE (date_trunc(d, 'minute')) ()", "MINUTE"),
    ('(d DATE NOT NULL) DUPLICATE KEY(d) PARTITION BY RANGE(d) () PROPERTIES ("dynamic_partition.enable" = "true")', "time_unit"),
])
def test_wrong_definitions_are_refused_with_the_reason(server, database, definition, problem):
    message = refused(server, f"CREATE TABLE {database}.wrong {definition}")
    assert problem in message, message


def test_auto_partitions_of_concurrent_loads_survive_a_kill(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("""CREATE TABLE d.t (at DATETIME NOT NULL, id BIGINT NOT NULL, v INT) UNIQUE KEY(at, id)
        AUTO PARTITION BY RANGE (date_trunc(at, 'day')) () DISTRIBUTED BY HASH(id) BUCKETS 2""")
    server.sql("CREATE TABLE d.l (town VARCHAR(20), id BIGINT, v INT) UNIQUE KEY(town, id) AUTO PARTITION BY LIST(town) ()")
    days, loaders, failures = 40, 6, []

    def load(number):
        try:
            for first in range(0, days, 8):
                body = "".join(f"{datetime.date(2024, 1, 1) + datetime.timedelta(day)} {number:02}:30:00,{number},{day}\n"
                               for day in range(first, first + 8))
                server.load("d", "t", body, column_separator=",")
            server.sql("INSERT INTO d.l VALUES (%s, 1, 1), ('same town', %s, 1), (NULL, %s, 1)", f"town {number}", number, number)
        except Exception as error:  # told to the main thread, which fails
            failures.append(error)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(loaders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    server.kill()
    server.start()
    counts = partitions(server, "d.t")
    assert len(counts) == days and set(counts.values()) == {loaders} and "p20240131000000" in counts
    assert server.sql("SELECT count(*), sum(v) FROM d.t") == [(days * loaders, loaders * sum(range(days)))]
    assert partitions(server, "d.l") == {**{f"ptown_{n}6": 1 for n in range(loaders)}, "psame_town9": loaders, "pX": loaders}
    too_many = "".join(f"{datetime.date(2030, 1, 1) + datetime.timedelta(day)} 00:00:00,1,1\n" for day in range(1100))
    answer = server.stream_load("d", "t", too_many, column_separator=",")
    assert answer["Status"] == "Fail" and "1024" in answer["Message"], answer
    assert server.stop() == 0
    check = subprocess.run([BINARY, "check", server.data_dir], capture_output=True, text=True, timeout=120)
    assert check.returncode == 0, check.stdout
    inspected = subprocess.run([BINARY, "inspect", server.data_dir], capture_output=True, text=True, timeout=120)
    assert "partition" in inspected.stdout and "2024-01-31" in inspected.stdout


def test_dynamic_partitions_are_made_and_dropped(server, database):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    name = lambda days: (today + datetime.timedelta(days)).strftime("p%Y%m%d")
    table = f"{database}.t"
    server.sql(f"""CREATE TABLE {table} (d DATE NOT NULL, v INT) DUPLICATE KEY(d) PARTITION BY RANGE(d) ()
        DISTRIBUTED BY HASH(d) BUCKETS AUTO PROPERTIES ("dynamic_partition.enable" = "true",
        "dynamic_partition.time_unit" = "DAY", "dynamic_partition.start" = "-3", "dynamic_partition.end" = "2",
        "dynamic_partition.prefix" = "p", "dynamic_partition.create_history_partition" = "true",
        "dynamic_partition.buckets" = "1", "estimate_partition_size" = "1G")""")
    assert list(partitions(server, table)) == [name(days) for days in range(-3, 3)]
    server.sql(f"INSERT INTO {table} VALUES (%s, 1), (%s, 2)", today - datetime.timedelta(3), today)
    assert "BUCKETS AUTO" in server.sql(f"SHOW CREATE TABLE {table}")[0][1]
    server.sql(f'ALTER TABLE {table} SET ("dynamic_partition.start" = "-1", "dynamic_partition.end" = "3")')
    assert list(partitions(server, table)) == [name(days) for days in range(-1, 4)]
    assert server.sql(f"SELECT v FROM {table}") == [(2,)]
    assert "time_unit" in refused(server, f'ALTER TABLE {table} SET ("dynamic_partition.time_unit" = "EON")')


def test_a_compacted_and_restarted_table_keeps_its_partitions(make_server, rng):
    """A random history over partitions equals a map, also after flush, compaction and kill -9."""
    server = make_server({"storage.delta_flush_rows": 500, "compaction.trigger_segments": 2})
    server.sql("CREATE DATABASE d")
    server.sql("""CREATE TABLE d.t (part INT NOT NULL, id INT NOT NULL, v INT) UNIQUE KEY(part, id)
        PARTITION BY RANGE(part) (FROM ("0") TO ("5") INTERVAL 1) DISTRIBUTED BY HASH(id) BUCKETS 2""")
    model, there = {}, set(range(5))
    for step in range(60):
        action = rng.random()
        if action < 0.6:
            rows = {(rng.choice(sorted(there)), rng.randrange(300)): step for _ in range(rng.choice((1, 50, 400)))} if there else {}
            if rows:
                server.load("d", "t", "".join(f"{part},{key},{v}\n" for (part, key), v in rows.items()), column_separator=",")
            model.update(rows)
        elif action < 0.75:
            part = rng.randrange(5)
            if part in there:
                server.sql(f"ALTER TABLE d.t DROP PARTITION p_{part}")
                there.discard(part)
                model = {key: v for key, v in model.items() if key[0] != part}
            else:
                server.sql(f"ALTER TABLE d.t ADD PARTITION p_{part} VALUES [('{part}'), ('{part + 1}'))")
                there.add(part)
        elif action < 0.85 and there:
            part = rng.choice(sorted(there))
            server.sql(f"TRUNCATE TABLE d.t PARTITION p_{part}")
            model = {key: v for key, v in model.items() if key[0] != part}
        elif action < 0.95:
            server.sql("ALTER TABLE d.t COMPACT")
        else:
            server.kill()
            server.start()
        assert {(part, key): v for part, key, v in server.sql("SELECT part, id, v FROM d.t")} == model, step
    assert server.stop() == 0
    assert subprocess.run([BINARY, "check", server.data_dir], timeout=120).returncode == 0
