"""SQL over the MySQL protocol with real clients."""
import datetime
import decimal
import shutil
import subprocess

import pymysql
import pytest


def error_code(run, query):
    with pytest.raises(pymysql.Error) as caught:
        run(query)
    return caught.value.args[0]


def test_every_type_comes_back_as_it_was_written(sql):
    sql("CREATE TABLE t (id BIGINT NOT NULL, b BOOLEAN, ti TINYINT, si SMALLINT, i INT, li LARGEINT, f FLOAT, d DOUBLE, "
        "de DECIMAL(38,10), da DATE, dt DATETIME(3), c CHAR(5), v VARCHAR(20), s STRING, j JSON) UNIQUE KEY(id)")
    sql("INSERT INTO t VALUES (1, true, -128, 32767, -5, 170141183460469231731687303715884105727, 1.5, -2.25, "
        "1234567890.0123456789, '2024-02-29', '2024-02-29 01:02:03.004', 'abc', 'it''s', '\\n\"', '{\"a\": 1}'), "
        "(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")
    expected = (1, 1, -128, 32767, -5, "170141183460469231731687303715884105727", 1.5, -2.25, decimal.Decimal("1234567890.0123456789"),
                datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3, 4000), "abc", "it's", '\n"', '{"a": 1}')
    for query in ("SELECT * FROM t WHERE id = 1", "SELECT * FROM t ORDER BY id LIMIT 1"):
        assert tuple(str(cell) if isinstance(cell, int) and i == 5 else cell for i, cell in enumerate(sql(query)[0])) == expected
    assert sql("SELECT * FROM t WHERE id = 2") == [(2,) + (None,) * 14]


@pytest.mark.parametrize("kind, number", [("BIGINT", "9223372036854775807"), ("LARGEINT", "-22463179120946976436"),
                                          ("LARGEINT", "17814661410268810435786091694808674774"),
                                          ("LARGEINT", "170141183460469231731687303715884105727"),
                                          ("LARGEINT", "-170141183460469231731687303715884105728"),
                                          ("DECIMAL(38,2)", "176186596407853318522812960487133807.01")])
def test_a_text_beside_a_large_number_is_compared_exactly(sql, kind, number):
    sql(f"CREATE TABLE t (id INT NOT NULL, n {kind}) UNIQUE KEY(id)")
    before = number[:-1] + str(int(number[-1]) - 1)  # the same double
    sql(f"INSERT INTO t VALUES (1, '{number}'), (2, '{before}')")
    for condition in (f"n = '{number}'", f"'{number}' = n", f"n IN ('{number}', 'x')", f"n BETWEEN '{number}' AND '{number}'"):
        assert sql(f"SELECT id FROM t WHERE {condition}") == [(1,)], condition
    assert sql("SELECT id FROM t WHERE n = '1e30x'") == []


def test_ddl_in_both_dialects_reads_back(sql):
    sql("CREATE TABLE a (k1 INT NOT NULL, k2 VARCHAR(10), v BIGINT DEFAULT '7' COMMENT 'a value',) UNIQUE KEY(k1, k2) "
        "DISTRIBUTED BY HASH(k1) BUCKETS 3 PROPERTIES ('replication_num' = '1')")
    sql("CREATE TABLE `b` (`id` BIGINT PRIMARY KEY AUTO_INCREMENT, `name` VARCHAR(20) NOT NULL DEFAULT '') ENGINE=InnoDB")
    for table in "ab":
        text = sql(f"SHOW CREATE TABLE {table}")[0][1]
        sql(f"DROP TABLE {table}")
        sql(text)
        assert sql(f"SHOW CREATE TABLE {table}")[0][1] == text
    assert [row[0] for row in sql("SHOW TABLES")] == ["a", "b"]
    assert [row[:4] for row in sql("DESC a")] == [("k1", "int", "No", "true"), ("k2", "varchar(10)", "Yes", "true"),
                                                  ("v", "bigint", "Yes", "false")]
    sql("INSERT INTO b (name) VALUES ('x'), ('y')")
    assert sql("SELECT id, name FROM b ORDER BY id") == [(1, "x"), (2, "y")]
    assert "CREATE INDEX" and sql("CREATE INDEX n ON b(name)") == []


def test_queries_that_the_engine_runs(sql):
    sql("CREATE TABLE c (id INT NOT NULL, name VARCHAR(10)) UNIQUE KEY(id)")
    sql("CREATE TABLE o (id INT NOT NULL, c INT, amount INT) UNIQUE KEY(id)")
    sql("INSERT INTO c VALUES (1, 'ann'), (2, 'bob')")
    sql("INSERT INTO o SELECT range, 1 + range % 2, range FROM range(100)")
    assert sql("SELECT name, sum(amount) FROM c JOIN o ON o.c = c.id GROUP BY name ORDER BY name") == [("ann", 2450), ("bob", 2500)]
    assert sql("WITH big AS (SELECT * FROM o WHERE amount >= 98) SELECT id, rank() OVER (ORDER BY amount DESC) FROM big ORDER BY 1") \
        == [(98, 2), (99, 1)]
    assert sql('SELECT "text", `name` FROM c WHERE name LIKE "a%" LIMIT 0, 1') == [("text", "ann")]
    assert sql("SELECT count(*) FROM o") == [(100,)]
    sql("DELETE FROM o WHERE id = 99")
    sql("INSERT INTO o VALUES (98, 1, 1000)")
    assert sql("SELECT count(*), max(amount) FROM o") == [(99, 1000)]
    assert sql("SELECT amount FROM o WHERE id = 98") == [(1000,)]
    assert sql("SELECT * FROM o WHERE id = 99") == []


def test_explain_shows_the_point_path_and_what_was_pruned(server, database, sql):
    sql("CREATE TABLE t (id BIGINT NOT NULL, v INT) UNIQUE KEY(id)")
    server.load(database, "t", "".join(f"{i},{i}\n" for i in range(50_000)), column_separator=",")
    sql("ALTER TABLE t COMPACT")
    explain = lambda query: "\n".join(row[0] for row in sql("EXPLAIN " + query))
    assert "SHORT-CIRCUIT" in explain("SELECT v FROM t WHERE id = 5")
    assert "SHORT-CIRCUIT" not in explain("SELECT v FROM t WHERE id > 5")
    text = explain("SELECT sum(v) FROM t WHERE id < 10")
    assert "pruned" in text and "FRESHET_SCAN" in text, text
    assert "FRESHET_SCAN" not in explain("SELECT count(*) FROM t"), "count(*) is answered from metadata"


def test_errors_have_mysql_codes_and_leave_the_connection(sql):
    sql("CREATE TABLE t (id INT NOT NULL) UNIQUE KEY(id)")
    assert error_code(sql, "SELEC 1") == 1064
    assert error_code(sql, "CREATE TABLE x (id INT") == 1064
    assert error_code(sql, "SELECT * FROM nope") == 1146
    assert error_code(sql, "SELECT nope FROM t") == 1054
    assert error_code(sql, "USE nope") == 1049
    assert error_code(sql, "CREATE TABLE t (id INT NOT NULL) UNIQUE KEY(id)") == 1050
    error_code(sql, "INSERT INTO t VALUES ('abc')")
    error_code(sql, "INSERT INTO t VALUES (NULL)")
    error_code(sql, "INSERT INTO t VALUES (1, 2)")
    error_code(sql, "SELECT * FROM read_csv('/etc/passwd')")
    error_code(sql, "COPY t TO '/tmp/x'")
    error_code(sql, "ATTACH '/tmp/x.db'")
    assert sql("SELECT count(*) FROM t") == [(0,)]


def test_wrong_password_and_unknown_user(make_server):
    server = make_server(password="secret", settings={"users.root_password": "secret"})
    assert server.value("SELECT 1") == 1
    for user, password in (("root", "wrong"), ("root", ""), ("nobody", "secret")):
        with pytest.raises(pymysql.Error) as caught:
            server.connect(user=user, password=password)
        assert caught.value.args[0] == 1045


def test_mysql_command_line(server, database):
    client = shutil.which("mariadb") or shutil.which("mysql")
    script = f"USE {database}; CREATE TABLE t (id INT NOT NULL, s VARCHAR(9)) UNIQUE KEY(id); INSERT INTO t VALUES (1, 'a'), (2, NULL); SELECT * FROM t ORDER BY id;"
    done = subprocess.run([client, "-h127.0.0.1", f"-P{server.mysql_port}", "-uroot", "--batch"], input=script, capture_output=True,
                          text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "id\ts\n1\ta\n2\tNULL\n"


def test_sysbench_point_select_prepares_and_runs(server, database):
    if shutil.which("sysbench") is None:
        pytest.skip("sysbench is not installed: scripts/setup --bench")
    base = ["sysbench", "oltp_point_select", "--mysql-host=127.0.0.1", f"--mysql-port={server.mysql_port}", "--mysql-user=root",
            f"--mysql-db={database}", "--tables=1", "--table-size=2000", "--threads=2", "--time=1"]
    for action in ("prepare", "run", "cleanup"):
        done = subprocess.run([*base, action], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    assert server.sql(f"SHOW TABLES FROM {database}") == []


@pytest.mark.parametrize("word", ["at", "authorization", "concurrently", "freeze", "lambda", "overlaps", "positional", "unpack", "verbose", "only", "placing"])
def test_words_that_are_plain_names_in_mysql(server, database, sql, word):
    sql(f"CREATE TABLE w (id INT NOT NULL, {word} INT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    sql(f"INSERT INTO w (id, {word}) VALUES (1, 5)")
    server.load(database, "w", "2,7\n", column_separator=",", columns=f"id, {word}, {word} = {word} - 1", where=f"{word} > 1")
    sql(f"UPDATE w SET {word} = {word} + 1 WHERE {word} - 1 > 0")
    assert sql(f"SELECT {word}, w.{word} - 1, abs({word}) AS {word} FROM w WHERE {word} BETWEEN 6 AND 7 ORDER BY {word}") == [(6, 5, 6), (7, 6, 7)]
    assert sql(f"SELECT max({word}), id IN (1) FROM w GROUP BY {word}, id HAVING max({word}) - 1 > 5") == [(7, 0)]


def test_regexp_like_takes_match_types(server):
    def truth(text, pattern, *types):
        return server.value("SELECT REGEXP_LIKE(%s, %s" + ", %s" * len(types) + ")", text, pattern, *types)

    assert [truth("Abc", "^a"), truth("Abc", "^a", "c"), truth("Abc", "^a", "i"), truth("Abc", "^a", "ic")] == [0, 0, 1, 0]
    assert [truth("a\nb", "^b$"), truth("a\nb", "^b$", "m"), truth("a\nb", "a.b"), truth("a\nb", "a.b", "n")] == [0, 1, 0, 1]
    assert server.value("SELECT REGEXP_LIKE(NULL, 'a', 'i')") is None
    with pytest.raises(pymysql.MySQLError, match="match type"):
        truth("a", "a", "x")
