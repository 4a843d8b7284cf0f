"""Accounts, roles and privileges: who may log in, who may do what, at once and after a restart."""
import pytest

from support.accounts import logged_in, login_error, make_user

DENIED_COMMAND, DENIED_DATABASE, DENIED_LOGIN, DENIED_OPERATION = 1142, 1044, 1045, 1227
NOT_OWNER = 1095


@pytest.fixture(scope="module")
def shop(server):
    """Tables shop.a and shop.b with a view of both, and a database that nobody is given."""
    server.sql("CREATE DATABASE shop")
    server.sql("CREATE DATABASE vault")
    for table in ("shop.a", "shop.b", "shop.work", "vault.gold"):
        server.sql(f"CREATE TABLE {table} (id BIGINT, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
        server.sql(f"INSERT INTO {table} VALUES (1, 10), (2, 20)")
    server.sql("CREATE VIEW shop.both_tables AS SELECT a.id, b.v FROM shop.a JOIN shop.b ON a.id = b.id")
    return server


# What is done to shop.work, what it needs there, and the error without.
STATEMENTS = [
    ("SELECT * FROM shop.work", "SELECT"),
    ("SELECT v FROM shop.work WHERE id = 1", "SELECT"),
    ("SELECT v FROM shop.work WHERE id IN (1, 2)", "SELECT"),
    ("SELECT v FROM shop.work WHERE id BETWEEN 1 AND 2", "SELECT"),
    ("SELECT 1 FROM (SELECT * FROM shop.work) x", "SELECT"),
    ("WITH x AS (SELECT * FROM shop.work) SELECT count(*) FROM x", "SELECT"),
    ("SELECT (SELECT max(v) FROM shop.work)", "SELECT"),
    ("SELECT 1 WHERE EXISTS (SELECT 1 FROM shop.work)", "SELECT"),
    ("SELECT 1 UNION ALL SELECT v FROM shop.work", "SELECT"),
    ("SELECT 1 ORDER BY (SELECT max(v) FROM shop.work)", "SELECT"),
    ("EXPLAIN SELECT * FROM shop.work", "SELECT"),
    ("EXPLAIN SELECT * FROM shop.work WHERE id = 1", "SELECT"),
    ("EXPLAIN UPDATE shop.work SET v = 1 WHERE id = 1", "SELECT, UPDATE"),
    ("INSERT INTO shop.work VALUES (3, 30)", "INSERT"),
    ("REPLACE INTO shop.work VALUES (3, 30)", "INSERT, DELETE"),
    ("INSERT INTO shop.work VALUES (3, 31) ON DUPLICATE KEY UPDATE v = 32", "SELECT, INSERT, UPDATE"),
    ("INSERT OVERWRITE TABLE shop.work VALUES (1, 10), (2, 20)", "INSERT, DELETE"),
    ("UPDATE shop.work SET v = v + 1 WHERE id = 1", "SELECT, UPDATE"),
    ("DELETE FROM shop.work WHERE id = 3", "SELECT, DELETE"),
    ("DELETE FROM shop.work WHERE v > 1000", "SELECT, DELETE"),
    ("MERGE INTO shop.work USING (SELECT 1 AS id) s ON work.id = s.id WHEN MATCHED THEN DELETE", "SELECT, DELETE"),
    ("TRUNCATE TABLE shop.work", "DROP"),
    ("ALTER TABLE shop.work COMMENT 'x'", "ALTER"),
    ("ALTER TABLE shop.work ADD COLUMN w INT", "ALTER"),
    ("ALTER TABLE shop.work DROP COLUMN w", "ALTER"),
    ("CREATE INDEX i ON shop.work (v)", "ALTER"),
]


def test_each_statement_needs_its_privileges_and_no_others(shop):
    make_user(shop, "needy")
    with logged_in(shop, "needy") as user:
        for statement, needed in STATEMENTS:
            everything = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, SHOW VIEW"
            for one in needed.split(", "):
                # All but one of the needed ones, and all that are about something else.
                others = ", ".join(p for p in everything.split(", ") if p != one and not (one == "DROP" and p == "DELETE"))
                shop.sql(f"GRANT {others} ON shop.work TO needy")
                assert user.error(statement)[0] == DENIED_COMMAND, (statement, others)
                shop.sql(f"REVOKE {others} ON shop.work FROM needy")
            assert user.error(statement)[0] == DENIED_COMMAND, statement
            shop.sql(f"GRANT {needed} ON shop.work TO needy")
            user(statement)
            shop.sql(f"REVOKE {needed} ON shop.work FROM needy")


def test_a_query_needs_all_its_tables_and_a_view_only_itself(shop):
    make_user(shop, "viewer", "SELECT ON shop.both_tables")
    with logged_in(shop, "viewer") as user:
        assert user("SELECT count(*) FROM shop.both_tables") == [(2,)]
        for statement in ("SELECT * FROM shop.a", "SELECT * FROM shop.both_tables, shop.b", "CREATE VIEW shop.mine AS SELECT 1",
                          "SHOW CREATE TABLE shop.both_tables", "SHOW CREATE VIEW shop.both_tables"):
            assert user.error(statement)[0] == DENIED_COMMAND, statement
        shop.sql("GRANT CREATE ON shop.mine TO viewer")
        assert user.error("CREATE VIEW shop.mine AS SELECT * FROM shop.a")[0] == DENIED_COMMAND
        user("CREATE VIEW shop.mine AS SELECT id FROM shop.both_tables")
        assert user.error("SELECT * FROM shop.mine")[0] == DENIED_COMMAND
        shop.sql("GRANT SELECT, SHOW VIEW, DROP ON shop.mine TO viewer")
        assert len(user("SELECT * FROM shop.mine")) == 2
        assert "both_tables" in user("SHOW CREATE VIEW shop.mine")[0][1]
        user("DROP VIEW shop.mine")
        shop.sql("REVOKE SELECT ON shop.both_tables FROM viewer")
        assert user.error("SELECT count(*) FROM shop.both_tables")[0] == DENIED_COMMAND


def test_tables_that_a_write_reads_need_select(shop):
    make_user(shop, "writer", "LOAD_PRIV, CREATE ON shop.*", "SELECT ON shop.a")
    with logged_in(shop, "writer") as user:
        for statement in ("INSERT INTO shop.a SELECT * FROM vault.gold", "INSERT INTO shop.a VALUES (9, (SELECT max(v) FROM vault.gold))",
                          "UPDATE shop.a SET v = (SELECT max(v) FROM vault.gold)", "UPDATE shop.a SET v = 1 FROM vault.gold g WHERE a.id = g.id",
                          "DELETE FROM shop.a USING vault.gold g WHERE a.id = g.id", "DELETE FROM shop.a WHERE id IN (SELECT id FROM vault.gold)",
                          "MERGE INTO shop.a USING vault.gold s ON a.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v",
                          "CREATE TABLE shop.copy AS SELECT * FROM vault.gold", "CREATE TABLE shop.copy LIKE vault.gold",
                          "CREATE VIEW shop.copy AS SELECT * FROM vault.gold"):
            number, text = user.error(statement)
            assert number == DENIED_COMMAND and "SELECT command denied to user 'writer'@'%' for table 'vault.gold'" in text, (statement, text)
    assert shop.sql("SHOW TABLES FROM shop LIKE 'copy'") == []
    assert shop.sql("SELECT * FROM vault.gold ORDER BY id") == [(1, 10), (2, 20)]


def test_ddl(shop):
    make_user(shop, "builder", "SELECT ON shop.a")
    table = "(id BIGINT, v BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1"
    with logged_in(shop, "builder") as user:
        assert user.error("CREATE DATABASE yard")[0] == DENIED_DATABASE
        assert user.error("DROP DATABASE shop")[0] == DENIED_DATABASE
        assert user.error("DROP DATABASE IF EXISTS nothing_there")[0] == DENIED_DATABASE
        for statement in (f"CREATE TABLE shop.c {table}", "CREATE TABLE shop.c LIKE shop.a", "CREATE TABLE shop.c AS SELECT * FROM shop.a",
                          "DROP TABLE shop.a", "DROP TABLE IF EXISTS shop.nothing", "DROP VIEW shop.both_tables",
                          "CREATE OR REPLACE VIEW shop.both_tables AS SELECT 1", "ALTER VIEW shop.both_tables AS SELECT 1",
                          "ALTER TABLE shop.a RENAME z", "RENAME TABLE shop.a TO shop.z", "ALTER TABLE shop.a REPLACE WITH TABLE b"):
            assert user.error(statement)[0] == DENIED_COMMAND, statement
        shop.sql("GRANT CREATE, DROP ON yard.* TO builder")
        user("CREATE DATABASE yard")
        user(f"CREATE TABLE yard.c {table}")
        assert user.error("SELECT * FROM yard.c")[0] == DENIED_COMMAND
        assert user.error("ALTER TABLE yard.c COMMENT 'x'")[0] == DENIED_COMMAND
        # Privileges go with names, so a new name is a table that one must be allowed to make and to fill.
        shop.sql("GRANT ALTER ON yard.* TO builder")
        for statement in ("ALTER TABLE yard.c RENAME d", "RENAME TABLE yard.c TO yard.d", "ALTER TABLE yard.c REPLACE WITH TABLE d"):
            assert user.error(statement)[0] == DENIED_COMMAND, statement
        shop.sql("GRANT INSERT ON yard.* TO builder")
        user("ALTER TABLE yard.c RENAME d")
        user("DROP TABLE yard.d")
        user("DROP DATABASE yard")


def test_lists_show_what_the_user_may_use(shop):
    make_user(shop, "reader", "SELECT ON shop.a")
    with logged_in(shop, "reader") as user:
        assert [row[0] for row in user("SHOW DATABASES")] == ["shop", "information_schema"]
        assert user("SHOW TABLES FROM shop") == [("a",)]
        assert [row[0] for row in user("SHOW TABLE STATUS FROM shop")] == ["a"]
        assert user.error("SHOW TABLES FROM vault")[0] == DENIED_DATABASE
        assert user.error("USE vault")[0] == DENIED_DATABASE
        assert user.error("USE nothing_there")[0] == DENIED_DATABASE
        for statement in ("DESC shop.b", "SHOW COLUMNS FROM shop.b", "SHOW CREATE TABLE shop.b", "SHOW INDEX FROM shop.b",
                          "SHOW PARTITIONS FROM shop.b", "SHOW TABLETS FROM shop.b", "SHOW VERSIONS FROM shop.b", "DESC shop.nothing"):
            assert user.error(statement)[0] == DENIED_COMMAND, statement
        user("DESC shop.a")
        assert "CREATE TABLE" in user("SHOW CREATE TABLE shop.a")[0][1]
        assert user("SELECT schema_name FROM information_schema.schemata ORDER BY 1") == [("information_schema",), ("shop",)]
        tables = "FROM information_schema.tables WHERE table_schema <> 'information_schema'"
        assert user(f"SELECT table_schema, table_name {tables}") == [("shop", "a")]
        for table in ("columns", "statistics", "partitions"):
            names = user(f"SELECT DISTINCT table_name FROM information_schema.{table} WHERE table_schema <> 'information_schema'")
            assert names == [("a",)], table
        assert user("SELECT table_name FROM information_schema.views") == []
        assert user("SELECT count(*) FROM information_schema.metrics") == [(0,)]
        assert user("SELECT grantee, table_name, privilege_type FROM information_schema.table_privileges") == [("'reader'@'%'", "a", "SELECT")]
        assert user("SELECT DISTINCT grantee FROM information_schema.user_privileges") == [("'reader'@'%'",)]
        own = [row[1] for row in user("SHOW PROCESSLIST")]
        assert set(own) == {"reader"}
        assert {row[0] for row in user("SELECT user FROM information_schema.processlist")} == {"reader"}
        shop.sql("GRANT PROCESS ON *.* TO reader")
        assert "root" in {row[1] for row in user("SHOW PROCESSLIST")}
        assert user("SELECT count(*) > 0 FROM information_schema.metrics") == [(1,)]
        assert [row[0] for row in user("SHOW DATABASES")] == ["shop", "information_schema"], "PROCESS is about no table"


def test_prepared_statements_are_checked_when_they_run(shop):
    make_user(shop, "preparer", "SELECT ON shop.a")
    with logged_in(shop, "preparer", "shop") as user:
        for text in ("SELECT v FROM a WHERE id = ?", "SELECT sum(v) FROM a WHERE id > ?"):
            prepared = PreparedStatement(user.connection, text)
            assert prepared.run() is None
            shop.sql("REVOKE SELECT ON shop.a FROM preparer")
            shop.sql("GRANT INSERT ON shop.a TO preparer")
            assert prepared.run() == DENIED_COMMAND, text
            assert PreparedStatement(user.connection, text).error == DENIED_COMMAND, "a prepare would tell the columns"
            shop.sql("REVOKE INSERT ON shop.a FROM preparer")
            shop.sql("GRANT SELECT ON shop.a TO preparer")
            assert prepared.run() is None


class PreparedStatement:
    """COM_STMT_PREPARE and COM_STMT_EXECUTE by hand, with one BIGINT 1."""

    def __init__(self, connection, text):
        self.connection = connection
        connection._execute_command(0x16, text)
        packet = read_packet(connection)
        self.error = error_of(packet)
        if self.error is not None:
            return
        self.id = packet[1:5]
        columns, parameters = int.from_bytes(packet[5:7], "little"), int.from_bytes(packet[7:9], "little")
        for count in (parameters, columns):
            for _ in range(count):
                read_packet(connection)
            if count and not connection.client_flag & 0x1000000:
                read_packet(connection)

    def run(self):
        """The number of its error; None when it was answered."""
        body = self.id + b"\0" + (1).to_bytes(4, "little") + b"\0\1\x08\0" + (1).to_bytes(8, "little")
        self.connection._execute_command(0x17, body)
        first = read_packet(self.connection)
        if (error := error_of(first)) is not None:
            return error
        packets_of_end = 2
        while packets_of_end:
            packet = read_packet(self.connection)
            if packet[0] == 0xFE and len(packet) < 9:
                packets_of_end -= 1
        return None


def read_packet(connection):
    header = connection._read_bytes(4)
    connection._next_seq_id = (header[3] + 1) % 256
    return connection._read_bytes(int.from_bytes(header[:3], "little"))


def error_of(packet):
    return int.from_bytes(packet[1:3], "little") if packet[0] == 0xFF else None


def test_changes_count_at_once_in_open_sessions(shop):
    make_user(shop, "watcher", "SELECT ON shop.*")
    with logged_in(shop, "watcher") as user:
        user("SELECT * FROM shop.a")
        shop.sql("REVOKE SELECT ON shop.* FROM watcher")
        assert user.error("SELECT * FROM shop.a")[0] == DENIED_COMMAND
        shop.sql("CREATE ROLE watchers")
        shop.sql("GRANT SELECT ON shop.* TO ROLE watchers")
        shop.sql("GRANT watchers TO watcher")
        user("SELECT * FROM shop.a")
        shop.sql("REVOKE SELECT ON shop.* FROM ROLE watchers")
        assert user.error("SELECT * FROM shop.a")[0] == DENIED_COMMAND
        shop.sql("GRANT SELECT ON shop.* TO watchers")
        user("SELECT * FROM shop.a")
        shop.sql("DROP ROLE watchers")
        assert user.error("SELECT * FROM shop.a")[0] == DENIED_COMMAND
        shop.sql("DROP USER watcher")
        for statement in ("SELECT 1", "SHOW DATABASES", "SET autocommit = 1", "BEGIN"):
            assert user.error(statement)[0] == DENIED_LOGIN, statement
    assert login_error(shop, "watcher")[0] == DENIED_LOGIN


def test_passwords(shop):
    make_user(shop, "keeper")
    assert login_error(shop, "keeper", "wrong") == (1045, "Access denied for user 'keeper'@'127.0.0.1' (using password: YES)")
    assert login_error(shop, "keeper", "") == (1045, "Access denied for user 'keeper'@'127.0.0.1' (using password: NO)")
    assert login_error(shop, "nobody", "wrong") == (1045, "Access denied for user 'nobody'@'127.0.0.1' (using password: YES)")
    with logged_in(shop, "keeper") as user:
        user("SET PASSWORD = PASSWORD('second')")
        assert user.error("SET PASSWORD FOR root = PASSWORD('mine')")[0] == DENIED_OPERATION
        assert user.error("ALTER USER root IDENTIFIED BY 'mine'")[0] == DENIED_OPERATION
    login_error(shop, "keeper")
    with logged_in(shop, "keeper", password="second") as user:
        user("ALTER USER USER() IDENTIFIED BY 'third'")
    with logged_in(shop, "keeper", password="third"):
        pass
    shop.sql("ALTER USER keeper IDENTIFIED BY PASSWORD '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'")
    with logged_in(shop, "keeper", password="secret"):
        pass
    shop.sql("SET PASSWORD FOR 'keeper'@'%' = PASSWORD('')")
    with logged_in(shop, "keeper", password=""):
        pass
    assert shop.sql("SHOW CREATE USER keeper") == [("'keeper'@'%'", "CREATE USER 'keeper'@'%'")]


def test_who_somebody_is(shop):
    shop.sql("CREATE USER somebody@'127.0.%' IDENTIFIED BY 'x'")
    with shop.connect(user="somebody", password="x") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT USER(), SESSION_USER(), CURRENT_USER(), CURRENT_USER, LAST_INSERT_ID()")
        assert cursor.fetchall() == (("somebody@127.0.0.1", "somebody@127.0.0.1", "somebody@127.0.%", "somebody@127.0.%", 0),)
    shop.sql("DROP USER somebody@'127.0.%'")


def test_hosts(shop):
    make_user(shop, "local", "SELECT ON shop.a", host="localhost")
    make_user(shop, "local", "SELECT ON shop.b", host="127.0.0.0/8", password="other")
    make_user(shop, "remote", "SELECT ON shop.a", host="10.1.%")
    with logged_in(shop, "local") as user:
        user("SELECT * FROM shop.a")
        assert user.error("SELECT * FROM shop.b")[1] == "SELECT command denied to user 'local'@'localhost' for table 'shop.b'"
    login_error(shop, "local", "other")
    assert login_error(shop, "remote")[0] == DENIED_LOGIN
    shop.sql("DROP USER 'local'@'localhost'")
    with logged_in(shop, "local", password="other") as user:
        user("SELECT * FROM shop.b")


def test_who_may_give_what(shop):
    make_user(shop, "giver", "SELECT, GRANT_PRIV ON shop.*")
    make_user(shop, "manager", "GRANT_PRIV ON *.*", "SELECT ON shop.*")
    make_user(shop, "taker")
    shop.sql("CREATE ROLE IF NOT EXISTS strong")
    shop.sql("GRANT ADMIN_PRIV ON *.* TO ROLE strong")
    with logged_in(shop, "giver") as user:
        user("GRANT SELECT ON shop.a TO taker")
        user("REVOKE SELECT ON shop.a FROM taker")
        for statement in ("GRANT INSERT ON shop.a TO taker", "GRANT SELECT ON vault.* TO giver", "GRANT SELECT ON *.* TO giver",
                          "GRANT ADMIN_PRIV ON *.* TO giver", "CREATE USER x", "DROP USER taker", "CREATE ROLE x", "DROP ROLE strong",
                          "GRANT strong TO giver", "ALTER USER taker IDENTIFIED BY 'x'", "RENAME USER taker TO x",
                          "REVOKE ALL PRIVILEGES, GRANT OPTION FROM taker", "SHOW GRANTS FOR taker", "SHOW ALL GRANTS", "SHOW ROLES",
                          "SHOW CREATE USER taker", "SET GLOBAL x = 1"):
            assert user.error(statement)[0] == DENIED_OPERATION, statement
        assert user("SHOW GRANTS")[0][0] == "'giver'@'%'"
    make_user(shop, "boss", "ADMIN_PRIV ON *.*")
    with logged_in(shop, "manager") as user:
        user("CREATE USER helper IDENTIFIED BY 'x'")
        user("GRANT SELECT ON shop.a TO helper")
        for statement in ("GRANT strong TO helper", "GRANT strong TO manager", "CREATE USER y DEFAULT ROLE strong", "DROP ROLE strong",
                          "ALTER USER boss IDENTIFIED BY 'x'", "DROP USER boss", "RENAME USER boss TO z", "SET PASSWORD FOR boss = PASSWORD('x')",
                          "GRANT ADMIN_PRIV ON *.* TO manager", "GRANT LOAD_PRIV ON shop.* TO manager",
                          "REVOKE ALL PRIVILEGES, GRANT OPTION FROM boss"):
            assert user.error(statement)[0] == DENIED_OPERATION, statement
        user("DROP USER helper")
    with logged_in(shop, "boss") as user:
        user("GRANT strong TO taker")
        user("DROP USER manager")
        assert user.error("DROP USER root")[0] == 1235
        assert user.error("CREATE USER taker")[0] == 1396
        assert user.error("DROP USER nobody")[0] == 1396
        user("DROP USER IF EXISTS nobody")
        user("CREATE USER IF NOT EXISTS taker")
        assert user.error("REVOKE SELECT ON shop.a FROM taker")[0] == 1141
        assert user.error("GRANT nothing TO taker")[0] == 3523
    with logged_in(shop, "taker") as user:
        assert user("SELECT count(*) FROM vault.gold") == [(2,)]


def test_show_grants_names_privileges_as_doris_does(shop):
    make_user(shop, "listed", "SELECT_PRIV, LOAD_PRIV ON shop.*", "ALTER ON internal.shop.a", "PROCESS ON *.*")
    shop.sql("CREATE ROLE IF NOT EXISTS quiet COMMENT 'none'")
    shop.sql("GRANT quiet TO listed")
    row = shop.sql("SHOW GRANTS FOR listed")[0]
    assert row[0] == "'listed'@'%'" and row[2:5] == ("Yes", "quiet", "Process")
    assert row[6:8] == ("internal.shop: Select_priv,Load_priv", "internal.shop.a: Alter_priv")
    assert "'listed'@'%'" in [row[0] for row in shop.sql("SHOW ALL GRANTS")]
    assert ("quiet", "none", "'listed'@'%'") in [row[:3] for row in shop.sql("SHOW ROLES")]
    assert shop.sql("SHOW GRANTS FOR root")[0][0] == "'root'@'%'"


def test_connections_are_ended_by_their_owner_or_an_administrator(shop):
    make_user(shop, "killer")
    make_user(shop, "victim")
    with logged_in(shop, "killer") as user, logged_in(shop, "victim") as victim, logged_in(shop, "killer") as second:
        wanted = victim("SELECT connection_id()")[0][0]
        assert user.error(f"KILL {wanted}")[0] == NOT_OWNER
        assert user.error(f"KILL QUERY {wanted}")[0] == NOT_OWNER
        assert user.error("KILL 99999999")[0] == NOT_OWNER
        victim("SELECT 1")
        user(f"KILL {second('SELECT connection_id()')[0][0]}")
        shop.sql(f"KILL {wanted}")


def test_accounts_are_there_after_a_restart_and_a_crash(make_server):
    server = make_server()
    server.sql("CREATE DATABASE d")
    server.sql("CREATE TABLE d.t (id BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    server.sql("CREATE ROLE r")
    server.sql("GRANT SELECT ON d.* TO ROLE r")
    make_user(server, "ann", "INSERT ON d.t")
    server.sql("GRANT r TO ann")
    server.sql("CREATE USER gone IDENTIFIED BY 'x'")
    server.sql("DROP USER gone")
    before = server.sql("SHOW ALL GRANTS")
    for end in (server.kill, server.stop):
        end()
        server.start()
        assert server.sql("SHOW ALL GRANTS") == before
        with logged_in(server, "ann", "d") as user:
            user("INSERT INTO t VALUES (1)")
            assert user("SELECT * FROM t") == [(1,)]
            assert user.error("DELETE FROM t WHERE id = 1")[0] == DENIED_COMMAND
        assert login_error(server, "gone", "x")[0] == DENIED_LOGIN

