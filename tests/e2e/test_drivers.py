"""Real drivers against the server, each with prepared statements, all types, NULLs, transactions and errors: Go's, Node's,
Connector/J, Connector/Python, SQLAlchemy's ORM, the mariadb command line and sysbench."""
import datetime
import decimal
import re
import subprocess
import sys
import threading
import time
import warnings

import mysql.connector
import pymysql
import pytest
import sqlalchemy
from sqlalchemy import orm
from sqlalchemy.ext import automap

from support.freshet_server import ROOT, FreshetServer

PASSWORD = "so geheim & lang"
DRIVERS = ROOT / ".deps" / "drivers"
SECONDS_MAX = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = FreshetServer(tmp_path_factory.mktemp("drivers"), {"users.root_password": PASSWORD}, password=PASSWORD).start()
    yield server
    assert server.stop() == 0, server.log_tail()


def run(*command, **options):
    """The output of a program that must end with 0."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=SECONDS_MAX, **options)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def test_go_sql_driver(server, database):
    run(DRIVERS / "go" / "main", server.mysql_port, PASSWORD, database)


def test_mysql2_for_node(server, database):
    run("node", DRIVERS / "node" / "main.js", server.mysql_port, PASSWORD, database)


def test_connector_j_in_text_prepared_and_with_cursors(server, database):
    folder = DRIVERS / "java"
    run("java", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", f"{folder}:{folder / 'mysql-connector-j.jar'}", "ConnectorJ", server.mysql_port,
        PASSWORD, database)


@pytest.mark.parametrize("form", ["python", "libmysqlclient"])
def test_connector_python(server, database, form):
    run(sys.executable, ROOT / "tests" / "support" / "connector_python.py", server.mysql_port, PASSWORD, database, form)


LAST_ROW_SENT = 0x80


class ServerCursor:
    """A cursor on the server, through Connector/Python's commands of the protocol."""

    def __init__(self, connection, query, *parameters):
        self.connection = connection
        statement = connection.cmd_stmt_prepare(query.encode())
        self.id = statement["statement_id"]
        _, self.columns, _ = connection.cmd_stmt_execute(self.id, data=parameters, parameters=statement["parameters"], flags=1)

    def fetch(self, count):
        """(rows, whether they were the last)"""
        self.connection.cmd_stmt_fetch(self.id, count)
        rows, end = self.connection.get_rows(binary=True, columns=self.columns)
        return rows, bool(end["status_flag"] & LAST_ROW_SENT)

    def close(self):
        self.connection.cmd_stmt_close(self.id)


@pytest.fixture
def pure(server, database):
    with mysql.connector.connect(host="127.0.0.1", port=server.mysql_port, user="root", password=PASSWORD, database=database,
                                 use_pure=True, autocommit=True) as connection:
        yield connection


def test_a_cursor_reads_piece_by_piece_in_bounded_memory(server, database, pure):
    """The answer, 600 MB, is far larger than what the server keeps of it."""
    server.sql(f"CREATE TABLE {database}.t (k BIGINT NOT NULL, v VARCHAR(200)) UNIQUE KEY(k)")
    server.load(database, "t", "".join(f"{k},{'v' * 150}\n" for k in range(20000)), column_separator=",")
    before = server.memory_bytes()
    cursor = ServerCursor(pure, "SELECT a.k, a.v FROM t a, (SELECT k FROM t WHERE k < 200) b WHERE a.k >= ?", 0)
    for _ in range(30):
        rows, is_over = cursor.fetch(1000)
        assert len(rows) == 1000 and len(rows[0][1]) == 150 and not is_over
    assert server.memory_bytes() - before < 100e6
    cursor.close()


def test_a_cursor_reads_what_its_account_may_read(server, database):
    server.sql(f"CREATE TABLE {database}.open (k BIGINT NOT NULL) UNIQUE KEY(k)")
    server.sql(f"CREATE TABLE {database}.closed (k BIGINT NOT NULL) UNIQUE KEY(k)")
    server.sql(f"INSERT INTO {database}.open VALUES (1)")
    server.sql(f"CREATE USER {database}_reader IDENTIFIED BY 'x'")
    server.sql(f"GRANT SELECT ON {database}.open TO {database}_reader")
    with mysql.connector.connect(host="127.0.0.1", port=server.mysql_port, user=f"{database}_reader", password="x", database=database,
                                 use_pure=True) as connection:
        readable = ServerCursor(connection, "SELECT k FROM open WHERE k + 0 >= ?", 0)
        assert readable.fetch(10) == ([(1,)], True)
        with pytest.raises(mysql.connector.Error) as denied:
            ServerCursor(connection, "SELECT k FROM closed WHERE k + 0 >= ?", 0)
        assert denied.value.errno == 1142
        # What was prepared while it was allowed opens no cursor afterwards.
        statement = connection.cmd_stmt_prepare(b"SELECT k FROM open WHERE k + 0 >= ?")
        server.sql(f"REVOKE SELECT ON {database}.open FROM {database}_reader")
        server.sql(f"GRANT INSERT ON {database}.open TO {database}_reader")
        with pytest.raises(mysql.connector.Error) as denied:
            connection.cmd_stmt_execute(statement["statement_id"], data=(0,), parameters=statement["parameters"], flags=1)
        assert denied.value.errno == 1142


def test_cursors_see_one_moment_side_by_side(server, database, pure):
    server.sql(f"CREATE TABLE {database}.t (k BIGINT NOT NULL, n BIGINT) UNIQUE KEY(k)")
    server.sql(f"INSERT INTO {database}.t VALUES {', '.join(f'({k}, 0)' for k in range(5000))}")
    query = "SELECT k, n FROM t WHERE k + 0 >= ? ORDER BY k"
    first = ServerCursor(pure, query, 0)
    server.sql(f"UPDATE {database}.t SET n = 1 WHERE k < 2500")
    second = ServerCursor(pure, query, 2000)
    found = []
    while True:
        rows, is_over = first.fetch(700)
        found += rows
        others, _ = second.fetch(3)
        assert [row[0] for row in others] == list(range(2000 + len(found) // 700 * 3 - 3, 2000 + len(found) // 700 * 3)) or is_over
        if is_over:
            break
    assert found == [(k, 0) for k in range(5000)]
    with pytest.raises(mysql.connector.Error) as closed:
        first.fetch(1)
    assert closed.value.errno == 1421
    second.close()


def test_kill_reaches_a_fetch_and_cursors_are_bounded(make_server):
    server = make_server({"mysql.max_open_cursors": 2})
    connection = mysql.connector.connect(host="127.0.0.1", port=server.mysql_port, user="root", use_pure=True)
    endless = "SELECT sum(sin(a.range * b.range)) FROM range(1000000) a, range(1000000) b WHERE a.range >= ?"
    timer = threading.Timer(0.3, server.sql, [f"KILL QUERY {connection.connection_id}"])
    timer.start()
    with pytest.raises(mysql.connector.Error) as killed:
        ServerCursor(connection, endless, 0).fetch(1)
    assert killed.value.errno == 1317
    timer.join()
    cursors = [ServerCursor(connection, "SELECT range FROM range(10) WHERE range >= ?", 0) for _ in range(2)]
    with pytest.raises(mysql.connector.Error, match="max_open_cursors"):
        ServerCursor(connection, "SELECT range FROM range(10) WHERE range >= ?", 0)
    cursors[0].close()
    ServerCursor(connection, "SELECT range FROM range(10) WHERE range >= ?", 0).close()
    assert cursors[1].fetch(100) == ([(k,) for k in range(10)], True)
    connection.close()


def test_silent_clients_are_sent_away(server):
    connection = server.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET wait_timeout = 1")
        time.sleep(0.5)
        cursor.execute("SELECT @@wait_timeout, @@global.wait_timeout")
        assert cursor.fetchall() == ((1, 28800),)
        time.sleep(1.3)
        with pytest.raises(pymysql.err.OperationalError):
            cursor.execute("SELECT 1")


class Base(orm.DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"
    __table_args__ = {"comment": "who they are"}
    id: orm.Mapped[int] = orm.mapped_column(sqlalchemy.BigInteger, primary_key=True, autoincrement=False)
    name: orm.Mapped[str] = orm.mapped_column(sqlalchemy.String(40), comment="of the passport")
    born: orm.Mapped[datetime.date | None]
    seen: orm.Mapped[datetime.datetime | None]
    height: orm.Mapped[decimal.Decimal | None] = orm.mapped_column(sqlalchemy.Numeric(5, 2))
    notes: orm.Mapped[dict | None] = orm.mapped_column(sqlalchemy.JSON)


class Visit(Base):
    __tablename__ = "visits"
    id: orm.Mapped[int] = orm.mapped_column(sqlalchemy.BigInteger, primary_key=True)
    person: orm.Mapped[int] = orm.mapped_column(sqlalchemy.BigInteger)
    place: orm.Mapped[str] = orm.mapped_column(sqlalchemy.String(40))


@pytest.mark.filterwarnings("ignore:Unknown schema content")  # Doris's clauses after the columns
@pytest.mark.parametrize("driver", ["pymysql", "mysqlconnector"])
def test_sqlalchemy_orm(server, database, driver):
    url = sqlalchemy.URL.create(f"mysql+{driver}", "root", PASSWORD, "127.0.0.1", server.mysql_port, database)
    engine = sqlalchemy.create_engine(url, pool_pre_ping=True)
    Base.metadata.create_all(engine)
    Base.metadata.create_all(engine)  # which finds them
    with orm.Session(engine) as session:
        session.add_all([Person(id=k, name=f"n{k}", born=datetime.date(1980, 1, 1 + k), seen=datetime.datetime(2026, 1, 1, k),
                                height=decimal.Decimal(f"1.{k:02}"), notes={"k": [k, None]}) for k in range(1, 10)])
        session.commit()
        visit = Visit(person=3, place="Wien")
        session.add(visit)
        session.commit()
        assert visit.id > 0
        someone = session.get(Person, 3)
        assert (someone.name, someone.born, someone.height, someone.notes) == ("n3", datetime.date(1980, 1, 4), decimal.Decimal("1.03"),
                                                                               {"k": [3, None]})
        someone.name = "changed"
        session.delete(session.get(Person, 4))
        session.commit()
        query = (sqlalchemy.select(Person.name, sqlalchemy.func.count(Visit.id)).outerjoin(Visit, Visit.person == Person.id)
                 .where(Person.id.between(2, 5)).group_by(Person.name).order_by(Person.name))
        assert session.execute(query).all() == [("changed", 1), ("n2", 0), ("n5", 0)]
        assert session.scalars(sqlalchemy.select(Person.id).order_by(Person.id.desc()).limit(2).offset(1)).all() == [8, 7]
    inspector = sqlalchemy.inspect(engine)
    assert sorted(inspector.get_table_names()) == ["people", "visits"]
    # These are read of SHOW CREATE TABLE, where Doris's UNIQUE KEY(`id`) and COMMENT "..." stand for MySQL's forms.
    assert inspector.get_pk_constraint("people")["constrained_columns"] == [] and inspector.get_table_comment("people") == {"text": None}
    check_reflection_of_mysql_forms(sqlalchemy.create_engine(url, connect_args={"init_command": "SET show_create_table_as_mysql = ON"}))
    assert {column["name"]: (str(column["type"]), column["nullable"]) for column in inspector.get_columns("people")} == {
        "id": ("BIGINT", False), "name": ("VARCHAR(40)", False), "born": ("DATE", True), "seen": ("DATETIME", True),
        "height": ("DECIMAL(5, 2)", True), "notes": ("JSON", True)}
    assert inspector.get_foreign_keys("people") == [] and inspector.get_indexes("people") == [] and inspector.get_view_names() == []
    assert database in inspector.get_schema_names() and inspector.has_table("visits") and not inspector.has_table("missing")
    Base.metadata.drop_all(engine)
    engine.dispose()


def check_reflection_of_mysql_forms(engine):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        inspector = sqlalchemy.inspect(engine)
        assert inspector.get_pk_constraint("people")["constrained_columns"] == ["id"]
        assert inspector.get_table_comment("people") == {"text": "who they are"}
        comments = {column["name"]: column["comment"] for column in inspector.get_columns("people")}
        assert comments["name"] == "of the passport" and comments["id"] is None
        [number] = [column for column in inspector.get_columns("visits") if column["name"] == "id"]
        assert number["autoincrement"] is True
        reflected = automap.automap_base()
        reflected.prepare(autoload_with=engine)
    person = reflected.classes.people
    with orm.Session(engine) as session:
        assert session.get(person, 3).name == "changed"
        # What was read makes the same table again.
        metadata = sqlalchemy.MetaData()
        copied = person.__table__.to_metadata(metadata, name="people_again")
        metadata.create_all(engine)
        session.execute(copied.insert().from_select(list(copied.columns.keys()), sqlalchemy.select(person.__table__)))
        session.commit()
        of_copy, of_original = (session.execute(sqlalchemy.select(table).order_by(table.c.id)).all() for table in (copied, person.__table__))
        assert of_copy == of_original and len(of_copy) == 8
        metadata.drop_all(engine)
    engine.dispose()


def mariadb(server, *options, program="mariadb", **more):
    return run(program, "-h127.0.0.1", f"-P{server.mysql_port}", "-uroot", f"-p{PASSWORD}", *options, **more)


def test_the_mariadb_command_line(server, database):
    script = """
    CREATE TABLE t (k BIGINT NOT NULL, v VARCHAR(20)) UNIQUE KEY(k); -- a comment
    delimiter //
    INSERT INTO t VALUES (1, 'one'), (2, NULL)//
    delimiter ;
    SELECT * FROM t ORDER BY k\\G
    warnings; status;
    """
    answer = mariadb(server, database, input=script)
    assert "v: one" in answer and "v: NULL" in answer and "Current database:\t" + database in answer
    assert mariadb(server, "-N", "-B", "--quick", "--ssl", database, "-e", "SELECT v FROM t WHERE k = 1; SHOW TABLES") == "one\nt\n"
    assert "bigint" in mariadb(server, "--html", database, "-e", "DESC t")
    assert mariadb(server, "--xml", database, "-e", "SELECT k FROM t ORDER BY k").count("<row>") == 2
    assert "Uptime" in mariadb(server, "status", program="mariadb-admin")
    assert "alive" in mariadb(server, "ping", program="mariadb-admin")
    assert "root" in mariadb(server, "processlist", program="mariadb-admin")
    assert "version_comment" in mariadb(server, "variables", program="mariadb-admin")
    assert database in mariadb(server, program="mariadb-show") and "| t" in mariadb(server, database, program="mariadb-show")


def test_mariadb_dump_of_one_database_fills_another(server, database):
    server.sql(f"CREATE TABLE {database}.t (k BIGINT NOT NULL, v VARCHAR(20), d DATETIME(3) DEFAULT CURRENT_TIMESTAMP) UNIQUE KEY(k)")
    server.sql(f"INSERT INTO {database}.t VALUES (1, 'it''s', '2026-01-02 03:04:05.678'), (2, NULL, NULL)")
    server.sql(f"CREATE VIEW {database}.w AS SELECT k FROM {database}.t")
    dump = mariadb(server, "--no-tablespaces", "--skip-lock-tables", database, "t", program="mariadb-dump")
    assert "CREATE TABLE `t`" in dump and "INSERT INTO `t` VALUES" in dump
    assert "INSERT INTO" not in mariadb(server, "--no-data", "--no-tablespaces", database, program="mariadb-dump")
    server.sql(f"CREATE DATABASE {database}_copy")
    mariadb(server, f"{database}_copy", input=dump)
    assert server.sql(f"SELECT * FROM {database}_copy.t ORDER BY k") == server.sql(f"SELECT * FROM {database}.t ORDER BY k")
    server.sql(f"DROP DATABASE {database}_copy")


def test_sysbench_point_selects(server, database):
    options = ["oltp_point_select", "--mysql-host=127.0.0.1", f"--mysql-port={server.mysql_port}", "--mysql-user=root", f"--mysql-password={PASSWORD}",
               f"--mysql-db={database}", "--tables=1", "--table-size=1000", "--threads=2"]
    run("sysbench", *options, "--mysql_storage_engine=innodb", "prepare")
    for prepared in ("disable", "auto"):
        report = run("sysbench", *options, f"--db-ps-mode={prepared}", "--time=0", "--events=2000", "run")
        assert re.search(r"read: +2000\n", report) and re.search(r"ignored errors: +0 ", report), report
