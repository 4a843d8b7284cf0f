"""MySQL clients as they are: logins, TLS, compression, KILL, and what drivers ask of a server."""
import shutil
import ssl
import subprocess
import threading
import time

import mysql.connector
import pymysql
import pytest
import sqlalchemy

from support.freshet_server import FreshetServer

PASSWORD = "geheim & lang"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server whose root has a password."""
    server = FreshetServer(tmp_path_factory.mktemp("guarded"), {"users.root_password": PASSWORD}, password=PASSWORD).start()
    yield server
    assert server.stop() == 0, server.log_tail()


def unchecked_tls():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connector(server, **options):
    return mysql.connector.connect(host="127.0.0.1", port=server.mysql_port, user="root", password=server.password,
                                   use_pure=True, **options)


def value_of(connection, query):
    cursor = connection.cursor()
    cursor.execute(query)
    (value,), = cursor.fetchall()
    return value


def test_tls_with_the_certificate_that_the_server_made(guarded):
    trusted = ssl.create_default_context(cafile=guarded.data_dir / "tls" / "certificate.pem")
    trusted.check_hostname = False
    for context in (unchecked_tls(), trusted):
        with guarded.connect(ssl=context) as connection, connection.cursor() as cursor:
            assert connection._sock.version() in ("TLSv1.2", "TLSv1.3")
            cursor.execute("SELECT repeat('x', 300000), 7")
            assert cursor.fetchall() == (("x" * 300000, 7),)
    certificate = (guarded.data_dir / "tls" / "certificate.pem").read_bytes()
    guarded.restart()
    assert (guarded.data_dir / "tls" / "certificate.pem").read_bytes() == certificate
    with pytest.raises(pymysql.err.OperationalError, match="1045"):
        guarded.connect(ssl=unchecked_tls(), password="wrong")


def test_both_password_plugins_with_and_without_tls(guarded):
    for plugin in ("caching_sha2_password", "mysql_native_password"):
        for tls in (True, False):
            with connector(guarded, auth_plugin=plugin, ssl_disabled=not tls) as connection:
                assert value_of(connection, "SELECT 41 + 1") == 42
                connection.cmd_change_user("root", PASSWORD)
                assert value_of(connection, "SELECT 42 + 1") == 43
            with pytest.raises(mysql.connector.Error) as refused:
                mysql.connector.connect(host="127.0.0.1", port=guarded.mysql_port, user="root", password="wrong",
                                        use_pure=True, auth_plugin=plugin, ssl_disabled=not tls)
            assert refused.value.errno == 1045


def test_tls_can_be_required(make_server):
    server = make_server({"mysql.require_tls": "true"}, start=False)
    connect_kwargs = {"ssl": unchecked_tls()}
    plain_connect = server.connect
    server.connect = lambda *args, **options: plain_connect(*args, **{**connect_kwargs, **options})
    server.start()
    assert server.value("SELECT 1") == 1
    with pytest.raises(pymysql.err.OperationalError, match="3159"):
        plain_connect()


def test_compressed_connections(guarded):
    guarded.sql("CREATE DATABASE compressed")
    guarded.sql("CREATE TABLE compressed.t (k BIGINT, v STRING) UNIQUE KEY(k)")
    for tls in (True, False):
        with connector(guarded, compress=True, ssl_disabled=not tls, database="compressed") as connection:
            cursor = connection.cursor()
            cursor.executemany("INSERT INTO t VALUES (%s, %s)", [(k, "v" * (k % 500)) for k in range(3000)])
            connection.commit()
            cursor.execute("SELECT k, v FROM t ORDER BY k")
            assert cursor.fetchall() == [(k, "v" * (k % 500)) for k in range(3000)]
            assert value_of(connection, "SELECT length(repeat('long', 1000000))") == 4000000
            cursor.execute("SHOW STATUS")
            status = dict(cursor.fetchall())
            assert status["Compression"] == "ON"
            assert status["Ssl_version"] == ("TLSv1.3" if tls else "") and bool(status["Ssl_cipher"]) == tls
    if shutil.which("mariadb"):
        answer = subprocess.run(["mariadb", "-h127.0.0.1", f"-P{guarded.mysql_port}", "-uroot", f"-p{PASSWORD}", "--compress", "--ssl",
                                 "-N", "-e", "SELECT count(*), sum(length(v)) FROM compressed.t"], capture_output=True, text=True,
                                timeout=60, check=True)
        assert answer.stdout.split() == ["3000", str(sum(k % 500 for k in range(3000)))]


def test_variables_tell_what_the_server_does(make_server):
    server = make_server({"mysql.max_connections": 7, "mysql.idle_timeout_seconds": 99})
    assert server.sql("SELECT @@max_connections, @@wait_timeout, @@port") == [(7, 99, server.mysql_port)]
    assert server.sql("SHOW VARIABLES LIKE 'max_conn%'") == [("max_connections", "7")]
    with pytest.raises(pymysql.Error, match="1238"):
        server.sql("SET GLOBAL max_connections = 8")
    for name in ("show_hidden_columns", "enable_unique_key_partial_update"):
        with server.connect() as connection, connection.cursor() as cursor:
            for given, shown in ((None, "OFF"), ("true", "ON"), ("DEFAULT", "OFF")):
                if given:
                    cursor.execute(f"SET {name} = {given}")
                cursor.execute(f"SHOW VARIABLES LIKE '{name}'")
                assert cursor.fetchall() == ((name, shown),)


def test_kill_ends_a_query_or_a_connection(server, database):
    server.sql(f"CREATE TABLE {database}.t (k BIGINT) UNIQUE KEY(k)")
    server.sql(f"INSERT INTO {database}.t VALUES {', '.join(f'({k})' for k in range(3000))}")
    victim = server.connect(database)
    outcome = []

    def run(query):
        try:
            with victim.cursor() as cursor:
                cursor.execute(query)
                outcome.append(cursor.fetchall())
        except pymysql.Error as error:
            outcome.append(error.args[0])

    long_query = "SELECT sum(sin(a.k + b.k * c.k)) FROM t a, t b, t c"
    runner = threading.Thread(target=run, args=(long_query,))
    runner.start()
    deadline = time.monotonic() + 60
    while not (running := [row for row in server.sql("SHOW FULL PROCESSLIST") if row[0] == str(victim.thread_id()) and row[7] == long_query]):
        assert time.monotonic() < deadline, f"the query is not in the list: {outcome}"
        time.sleep(0.01)
    assert running[0][1] == "root" and running[0][4] == "Query"
    server.sql(f"KILL QUERY {victim.thread_id()}")
    runner.join(60)
    assert outcome == [1317]
    run("SELECT 5")
    assert outcome[-1] == ((5,),)

    server.sql(f"KILL {victim.thread_id()}")
    run("SELECT 6")
    assert outcome[-1] in (2006, 2013, 0)
    for statement in ("KILL 4000000", "KILL QUERY 4000000"):
        with pytest.raises(pymysql.err.OperationalError, match="1094"):
            server.sql(statement)


@pytest.mark.filterwarnings("ignore:Unknown schema content")  # Doris's clauses after the columns
def test_sqlalchemy_reflects_and_writes(server, database):
    engine = sqlalchemy.create_engine(f"mysql+pymysql://root@127.0.0.1:{server.mysql_port}/{database}")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE people (id BIGINT NOT NULL, name VARCHAR(20), born DATE) UNIQUE KEY(id)"))
    people = sqlalchemy.Table("people", sqlalchemy.MetaData(), autoload_with=engine)
    assert [(column.name, str(column.type)) for column in people.columns] == [
        ("id", "BIGINT"), ("name", "VARCHAR(20)"), ("born", "DATE")]
    with engine.begin() as connection:
        connection.execute(people.insert(), [{"id": k, "name": f"n{k}"} for k in range(10)])
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.select(people.c.name).where(people.c.id.in_([3, 4])).order_by(people.c.id)).all()
        assert rows == [("n3",), ("n4",)]
        assert connection.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(people)).scalar() == 10
    assert sqlalchemy.inspect(engine).get_table_names() == ["people"]
    engine.dispose()


def run_program(server, *command, text=None):
    """A program of MariaDB's clients against the server; its output."""
    program, *arguments = command
    done = subprocess.run([program, "-h127.0.0.1", f"-P{server.mysql_port}", "-uroot", *arguments], input=text,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_dump_of_one_transaction_makes_the_same_tables(server):
    for name in ("dumped", "restored"):
        server.sql(f"CREATE DATABASE {name}")
    server.sql("CREATE TABLE dumped.orders (id BIGINT NOT NULL AUTO_INCREMENT, name VARCHAR(20), amount DECIMAL(10,2) DEFAULT '1.5') "
               "UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    server.sql("INSERT INTO dumped.orders (name, amount) VALUES ('a', 1), ('it''s', NULL), ('ü\\n\"', 3)")
    server.sql("CREATE TABLE dumped.log (day DATE, what STRING) DUPLICATE KEY(day) DISTRIBUTED BY HASH(day) BUCKETS 1")
    server.sql("INSERT INTO dumped.log VALUES ('2026-01-02', 'one'), ('2026-01-02', NULL)")
    text = run_program(server, "mariadb-dump", "--single-transaction", "dumped")
    run_program(server, "mariadb", "restored", text=text)
    for table in ("orders", "log"):
        rows = [sorted(server.sql(f"SELECT * FROM {name}.{table}"), key=str) for name in ("dumped", "restored")]
        assert rows[0] == rows[1] and rows[0]
        made = [server.sql(f"SHOW CREATE TABLE {name}.{table}") for name in ("dumped", "restored")]
        assert made[0] == made[1]


def test_mariadb_slap_emulates_its_clients(server):
    text = run_program(server, "mariadb-slap", "--concurrency=4", "--auto-generate-sql", "--auto-generate-sql-guid-primary",
                       "--auto-generate-sql-load-type=mixed", "--number-of-queries=200")
    assert "Number of clients running queries: 4" in text
