"""SQL users reach no file, no network and nothing of the engine's own, whatever way a statement takes."""
import json
import pathlib

import duckdb
import mysql.connector
import pymysql
import pytest

from support.accounts import logged_in, make_user

CANARY = "canary-7f3a91"
TABLE = "(id BIGINT, v VARCHAR(200)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1"
# Table functions that answer from their arguments alone.
OFFERED_TABLE_FUNCTIONS = {"range", "generate_series", "unnest", "repeat", "json_each", "json_tree"}
# Functions whose value changes from call to call, and that touch nothing else.
HARMLESS_VOLATILE = {"random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "now", "get_current_time", "today",
                     "current_date", "current_database", "current_schema", "error", "current_localtime", "current_localtimestamp", "get_current_timestamp", "transaction_timestamp"}


@pytest.fixture(scope="module")
def world(server, tmp_path_factory):
    """A server, and a folder with files that must be neither read nor joined by others."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.csv").write_text(f"id,v\n1,{CANARY}\n")
    (folder / "secret.json").write_text(json.dumps([{"id": 1, "v": CANARY}]))
    with duckdb.connect(str(folder / "secret.db")) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT 1 AS id, '{CANARY}' AS v")
        connection.execute(f"COPY t TO '{folder}/secret.parquet' (FORMAT parquet)")
    server.sql("CREATE DATABASE d")
    server.sql(f"CREATE TABLE d.t {TABLE}")
    server.sql("INSERT INTO d.t VALUES (1, 'a')")
    make_user(server, "insider", "ALL ON d.*")
    before = sorted(folder.iterdir())
    yield server, folder
    assert sorted(folder.iterdir()) == before, "a file was made"
    for made in ("/tmp/freshet_escape.csv", "freshet_escape.db"):
        assert not pathlib.Path(made).exists()
    assert server.value("SELECT count(*) FROM d.t") == 1
    assert CANARY not in server.log_path.read_text(errors="replace")


def sources(folder):
    """What can stand behind FROM and would leave the world."""
    csv, parquet, js, db = (f"{folder}/secret.{kind}" for kind in ("csv", "parquet", "json", "db"))
    functions = [f"{name}('{path}')" for names, path in (
        (("read_csv", "read_csv_auto", "sniff_csv", "read_text", "read_blob", "glob"), csv),
        (("read_parquet", "parquet_scan", "parquet_metadata", "parquet_schema", "parquet_file_metadata", "parquet_kv_metadata",
          "parquet_bloom_probe"), parquet),
        (("read_json", "read_json_auto", "read_json_objects", "read_ndjson", "read_ndjson_auto", "read_ndjson_objects"), js),
        (("sqlite_scan", "postgres_scan", "mysql_query", "iceberg_scan", "delta_scan", "st_read", "read_xlsx", "duckdb_scan"), db))
        for name in names]
    functions += [f"{name}()" for name in (
        "duckdb_settings", "duckdb_secrets", "duckdb_databases", "duckdb_schemas", "duckdb_tables", "duckdb_columns", "duckdb_views",
        "duckdb_functions", "duckdb_extensions", "duckdb_memory", "duckdb_temporary_files", "duckdb_logs", "duckdb_log_contexts",
        "duckdb_variables", "duckdb_prepared_statements", "duckdb_types", "duckdb_keywords", "duckdb_optimizers", "duckdb_constraints",
        "duckdb_dependencies", "duckdb_indexes", "duckdb_sequences", "duckdb_external_file_cache", "pragma_version", "pragma_platform",
        "pragma_database_size", "pragma_user_agent", "pragma_collations", "test_all_types", "checkpoint", "force_checkpoint", "icu_calendar_names")]
    functions += [f"query('SELECT * FROM read_csv(''{csv}'')')", "query_table('t')", f"query_table(['{csv}'])",
                  "pragma_table_info('d.t')", "pragma_storage_info('t')", "pragma_show('t')", "sql_auto_complete('SEL')",
                  "json_execute_serialized_sql('{}')", "which_secret('s3://x', 's3')", "seq_scan('t')", "arrow_scan(1, 2, 3)",
                  "read_csv(['/etc/passwd'])", "read_text('/proc/self/environ')", "read_csv('http://127.0.0.1:1/x.csv')",
                  "read_parquet('s3://bucket/x.parquet')", "read_csv('/dev/stdin')", "repeat_row(1, num_rows = 2)", "summary(TABLE d.t)"]
    names = [f"`{csv}`", f"`{parquet}`", f"`{js}`", "`/etc/passwd`", "`http://127.0.0.1:1/x.csv`", "memory.main.t", "`memory`.`main`.`t`",
             "system.main.duckdb_settings", "temp.main.t", "pg_catalog.pg_tables", "pg_catalog.pg_class", "main.t", "sqlite_master",
             "freshet.information_schema.pg", "memory.information_schema.tables", "system.information_schema.tables", f"'{csv}'"]
    return functions + names


STATEMENTS = [
    "COPY d.t TO '/tmp/freshet_escape.csv'", "COPY (SELECT 1) TO '/tmp/freshet_escape.csv'", "COPY d.t FROM '/etc/passwd'",
    "EXPORT DATABASE '/tmp/freshet_escape'", "IMPORT DATABASE '/tmp/freshet_escape'", "ATTACH '/tmp/freshet_escape.db'",
    "ATTACH ':memory:' AS x", "ATTACH 'freshet_escape.db' AS x (TYPE sqlite)", "DETACH freshet", "DETACH DATABASE freshet", "INSTALL httpfs",
    "INSTALL httpfs FROM 'http://127.0.0.1:1'", "FORCE INSTALL httpfs", "UPDATE EXTENSIONS", "LOAD httpfs", "LOAD '/tmp/x.duckdb_extension'",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE d.t", "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE d.t", "PRAGMA database_list",
    "PRAGMA enable_profiling", "PRAGMA enable_external_access", "PRAGMA version", "PRAGMA table_info('t')", "CREATE SECRET s (TYPE s3)",
    "CREATE PERSISTENT SECRET s (TYPE s3, KEY_ID 'x')", "DROP SECRET s", "CREATE MACRO m() AS 1", "CREATE FUNCTION m() AS TABLE SELECT 1",
    "CREATE OR REPLACE MACRO m() AS TABLE SELECT * FROM read_csv('/etc/passwd')", "CREATE TEMPORARY TABLE x (a INT)", "CREATE SEQUENCE s",
    "CREATE TYPE e AS ENUM ('a')", "CHECKPOINT", "FORCE CHECKPOINT", "VACUUM", "CALL duckdb_settings()", "CALL pragma_version()",
    "CALL dbgen(sf = 1)", "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "RESET enable_external_access",    "SUMMARIZE d.t", "FROM d.t", "PIVOT d.t ON id USING sum(id)", "UNPIVOT d.t ON id INTO NAME n VALUE w", "SELECT * FROM (DESCRIBE d.t)",
    "SELECT * FROM (SHOW TABLES)", "SELECT * FROM (SUMMARIZE d.t)", "SELECT 1 INTO OUTFILE '/tmp/freshet_escape.csv'",
    "SELECT 1 INTO DUMPFILE '/tmp/freshet_escape.csv'", "SELECT * FROM d.t INTO @x", "SELECT 1 INTO x", "WITH x AS (INSERT INTO d.t VALUES (7, 'x')) SELECT 1",
    "EXPLAIN COPY d.t TO '/tmp/freshet_escape.csv'", "EXPLAIN ANALYZE ATTACH ':memory:' AS x", "EXPLAIN PRAGMA version", "DESCRIBE SELECT * FROM read_csv('/etc/passwd')",
    "HANDLER d.t OPEN", "DO (SELECT count(*) FROM read_csv('/etc/passwd'))", "BACKUP DATABASE d", "RESTORE DATABASE d", "SELECT LOAD_FILE('/etc/passwd')",
]

EXPRESSIONS = ["getenv('HOME')", "current_setting('temp_directory')", "getvariable('x')", "nextval('s')", "currval('s')", "write_log('x')",
               "txid_current()", "query('SELECT 1')", "(SELECT content FROM read_text('/etc/passwd'))", "(SELECT max(v) FROM read_csv('/etc/passwd'))",
               "(TABLE '/etc/passwd')", "load_file('/etc/passwd')"]


def refused(run, statement, *, why=None):
    try:
        answer = run(statement)
    except (pymysql.MySQLError, mysql.connector.Error) as error:
        assert CANARY not in str(error), statement
        return
    raise AssertionError(f"{statement} was allowed{f' {why}' if why else ''} and answered {str(answer)[:300]}")


def test_statements(world):
    server, _ = world
    for user, password in (("root", ""), ("insider", None)):
        with logged_in(server, user, "d", **({} if password is None else {"password": password})) as run:
            for statement in STATEMENTS:
                refused(run, statement)
                refused(run, f"/* hint */ {statement};", why="behind a comment")


def test_multi_statements_and_prepared_ones(world):
    server, folder = world
    statements = STATEMENTS + [f"SELECT * FROM {source}" for source in sources(folder)]
    options = {"client_flag": pymysql.constants.CLIENT.MULTI_STATEMENTS}
    with logged_in(server, "insider", "d", **options) as run:
        for statement in statements:
            if not statement.startswith("SELECT 1 INTO x"):
                def run_both(text=statement):
                    with run.connection.cursor() as cursor:
                        cursor.execute(f"SELECT 1; {text}")
                        while cursor.nextset():
                            pass
                refused(lambda _: run_both(), statement, why="as the second of two")
    with mysql.connector.connect(host="127.0.0.1", port=server.mysql_port, user="root", database="d", use_pure=True) as connection:
        for statement in statements:
            cursor = connection.cursor(prepared=True)

            def prepare_and_run(text, cursor=cursor):
                cursor.execute(text)
                return cursor.fetchall()
            refused(prepare_and_run, statement, why="prepared")
            cursor.close()


@pytest.mark.parametrize("shape", [
    "SELECT * FROM {}", "SELECT count(*) FROM d.t, {}", "WITH x AS (SELECT * FROM {}) SELECT * FROM x", "SELECT (SELECT count(*) FROM {})",
    "SELECT * FROM (SELECT * FROM {}) y", "SELECT 1 UNION ALL SELECT 2 FROM {}", "SELECT * FROM d.t WHERE EXISTS (SELECT 1 FROM {})",
    "EXPLAIN SELECT * FROM {}", "EXPLAIN ANALYZE SELECT * FROM {}", "CREATE VIEW d.view_out AS SELECT * FROM {}", "CREATE TABLE d.copy_out AS SELECT * FROM {}",
    "INSERT INTO d.t SELECT 9, 'x' FROM {}", "INSERT OVERWRITE TABLE d.t SELECT 9, 'x' FROM {}", "UPDATE d.t SET v = (SELECT 'x' FROM {} LIMIT 1)",
    "DELETE FROM d.t WHERE EXISTS (SELECT 1 FROM {})", "MERGE INTO d.t USING (SELECT 1 AS id FROM {}) s ON t.id = s.id WHEN MATCHED THEN DELETE",
    "SELECT * FROM d.t ORDER BY (SELECT count(*) FROM {})", "SELECT * FROM d.t LIMIT (SELECT count(*) FROM {})",
    "SELECT sum(id) OVER (ORDER BY (SELECT count(*) FROM {})) FROM d.t", "SELECT sum(id) FILTER (WHERE EXISTS (SELECT 1 FROM {})) FROM d.t",
    "SELECT * FROM d.t a JOIN d.t b ON EXISTS (SELECT 1 FROM {})", "VALUES ((SELECT count(*) FROM {}))"])
def test_sources_in_every_place(world, shape):
    server, folder = world
    with logged_in(server, "insider", "d") as run:
        for source in sources(folder):
            refused(run, shape.format(source))
    assert server.sql("SHOW TABLES FROM d") == [("t",)]


def test_every_table_function_of_the_engine_but_a_few_is_refused(world):
    server, _ = world
    names = {name for name, in duckdb.sql("SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN "
                                          "('table', 'pragma', 'table_macro')").fetchall()}
    assert len(names) > 50
    with logged_in(server, "insider", "d") as run:
        for name in sorted(names - OFFERED_TABLE_FUNCTIONS):
            for arguments in ("", "'x'", "1"):
                refused(run, f"SELECT * FROM `{name}`({arguments})")


def test_functions_with_effects_are_refused(world):
    server, _ = world
    names = {name for name, in duckdb.sql("SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN "
                                          "('scalar', 'macro') AND (has_side_effects OR stability = 'VOLATILE')").fetchall()}
    with logged_in(server, "insider", "d") as run:
        for name in sorted(names - HARMLESS_VOLATILE):
            for arguments in ("", "'x'", "'x', 'y'"):
                refused(run, f"SELECT `{name}`({arguments})")
        for expression in EXPRESSIONS:
            for statement in (f"SELECT {expression}", f"SELECT 1 WHERE {expression} IS NULL", f"SELECT upper(concat({expression}, 'x'))",
                              f"INSERT INTO d.t VALUES (9, {expression})", f"UPDATE d.t SET v = {expression}",
                              f"DELETE FROM d.t WHERE v = {expression}", f"SELECT CASE WHEN id = 1 THEN {expression} END FROM d.t",
                              f"CREATE VIEW d.view_out AS SELECT {expression} AS x"):
                refused(run, statement)


def test_settings_of_the_engine_are_variables_of_the_session_without_effect(world):
    server, folder = world
    # SET PASSWORD is a statement of its own.
    names = [name for name, in duckdb.sql("SELECT name FROM duckdb_settings() WHERE name <> 'password'").fetchall()]
    assert {"enable_external_access", "temp_directory", "lock_configuration", "extension_directory", "profiling_output"} <= set(names)
    with logged_in(server, "insider", "d") as run:
        for name in names:
            for value in ("true", "'1'", f"'{folder}/made'"):
                try:
                    run(f"SET {name} = {value}")
                    run(f"SET SESSION {name} = {value}")
                except pymysql.MySQLError:
                    pass
            refused(run, f"SELECT current_setting('{name}')")
            refused(run, f"SET GLOBAL {name} = 1")
            refused(run, f"RESET {name}")
            refused(run, f"PRAGMA {name}")
        for source in sources(folder)[:20]:
            refused(run, f"SELECT * FROM {source}")
        assert run("SELECT count(*) FROM t") == [(1,)]


def test_expressions_of_loads(world):
    server, folder = world
    for expression in EXPRESSIONS + [f"(SELECT max(v) FROM read_csv('{folder}/secret.csv'))", "v; SELECT 1", "(SELECT 1)", "v) FROM d.t --"]:
        for headers in ({"columns": f"id, raw, v = {expression}"}, {"columns": "id, v", "where": f"{expression} = 'x'"},
                        {"columns": "id, v", "merge_type": "MERGE", "delete": f"{expression} = 'x'"}):
            answer = server.stream_load("d", "t", "9,x\n", column_separator=",", **headers)
            assert answer["Status"] == "Fail" and CANARY not in json.dumps(answer), (headers, answer)
        for sql in (f"INSERT INTO d.t SELECT c1, {expression} FROM http_stream('format' = 'csv', 'column_separator' = ',')",
                    f"INSERT INTO d.t SELECT c1, c2 FROM http_stream('format' = 'csv', 'column_separator' = ',') WHERE {expression} = 'x'"):
            _, _, body = server.http("PUT", "/api/_http_stream", b"9,x\n", {"sql": sql}, port=server.load_port)
            assert json.loads(body)["Status"] == "Fail" and CANARY not in body.decode(), (sql, body)
    for source in sources(folder):
        _, _, body = server.http("PUT", "/api/_http_stream", b"9,x\n", {"sql": f"INSERT INTO d.t SELECT * FROM {source}"}, port=server.load_port)
        assert json.loads(body)["Status"] == "Fail", source
    kafka = 'FROM KAFKA ("kafka_broker_list" = "127.0.0.1:1", "kafka_topic" = "x")'
    with logged_in(server, "insider", "d") as run:
        for expression in EXPRESSIONS:
            for clause in (f"COLUMNS (id, raw, v = {expression})", f"COLUMNS (id, v), WHERE {expression} = 'x'",
                           f"COLUMNS (id, v), PRECEDING FILTER {expression} = 'x'", f"WITH MERGE COLUMNS (id, v), DELETE ON {expression} = 'x'"):
                refused(run, f"CREATE ROUTINE LOAD d.j ON t {clause} {kafka}")
        assert run("SHOW ALL ROUTINE LOAD") == []


def test_the_http_way_of_sql(world):
    server, folder = world
    for statement in STATEMENTS + [f"SELECT * FROM {source}" for source in sources(folder)]:
        status, _, body = server.http("POST", "/api/query/default_cluster/d", json.dumps({"stmt": statement}))
        answer = json.loads(body)
        assert answer["code"] != 0 and CANARY not in body.decode(), (statement, answer)


def test_column_defaults(world):
    server, _ = world
    with logged_in(server, "insider", "d") as run:
        for expression in EXPRESSIONS:
            refused(run, f"CREATE TABLE d.x (id BIGINT, v VARCHAR(9) DEFAULT {expression}) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
            refused(run, f"ALTER TABLE d.t ADD COLUMN w VARCHAR(9) DEFAULT {expression}")
