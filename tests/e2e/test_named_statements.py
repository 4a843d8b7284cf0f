"""PREPARE, EXECUTE and DEALLOCATE PREPARE as statements, with user variables as parameters."""
import decimal

import pymysql
import pytest


@pytest.fixture
def session(server, database):
    connection = server.connect(database)
    run(connection, "CREATE TABLE t (id BIGINT, name VARCHAR(20), price DECIMAL(10, 2)) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1",
        "INSERT INTO t VALUES (1, 'one', 1.50), (2, 'two', 2.50), (3, NULL, NULL)")
    yield connection
    connection.close()


def run(session, *statements):
    with session.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def error(session, statement):
    with pytest.raises(pymysql.Error) as raised, session.cursor() as cursor:
        cursor.execute(statement)
    return raised.value.args


def test_variables_are_the_parameters(session):
    run(session, "PREPARE p FROM 'SELECT name FROM t WHERE id = ?'", "SET @id = 2")
    assert run(session, "EXECUTE p USING @id") == (("two",),)
    run(session, "SET @id = 1")
    assert run(session, "EXECUTE P USING @ID") == (("one",),), "names of statements and variables have no case"
    assert run(session, "SET @s = 'SELECT ? + 1, ?, ?, ?, ?'", "PREPARE q FROM @s",
               "SET @i = 41, @d = 1.25, @f = 1e3, @t = 'it\'\'s'",
               "EXECUTE q USING @i, @d, @f, @t, @never") == ((42, decimal.Decimal("1.25"), 1000.0, "it's", None),)
    assert run(session, "PREPARE l FROM 'SELECT id FROM t ORDER BY id LIMIT ?, ?'", "SET @from = 1, @n = 2",
               "EXECUTE l USING @from, @n") == ((2,), (3,))


def test_it_follows_the_table_and_its_rows(session):
    run(session, "PREPARE p FROM 'SELECT * FROM t WHERE id = ?'", "SET @id = 2")
    assert run(session, "EXECUTE p USING @id") == ((2, "two", decimal.Decimal("2.50")),)
    run(session, "UPDATE t SET name = 'zwei' WHERE id = 2", "ALTER TABLE t ADD COLUMN more INT DEFAULT '7'")
    assert run(session, "EXECUTE p USING @id") == ((2, "zwei", decimal.Decimal("2.50"), 7),)


def test_writes_and_transactions(session):
    run(session, "PREPARE put FROM 'INSERT INTO t (id, name) VALUES (?, ?)'", "SET @id = 9, @name = 'nine'", "BEGIN")
    with session.cursor() as cursor:
        assert cursor.execute("EXECUTE put USING @id, @name") == 1
    assert run(session, "SELECT name FROM t WHERE id = 9") == (("nine",),)
    run(session, "ROLLBACK")
    assert run(session, "SELECT name FROM t WHERE id = 9") == ()
    run(session, "EXECUTE put USING @id, @name",
        "PREPARE c FROM 'CREATE TABLE made (id BIGINT) UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1'", "EXECUTE c")
    assert run(session, "SELECT count(*) FROM made") == ((0,),)


def test_names_mean_what_they_meant(server, database, session):
    run(session, "PREPARE d FROM 'DELETE FROM t WHERE id = 1'", "PREPARE p FROM 'SELECT name FROM t WHERE id = 2'",
        f"CREATE DATABASE {database}_b", f"USE {database}_b")
    assert run(session, "EXECUTE p") == (("two",),)
    run(session, "EXECUTE d")
    assert run(session, f"SELECT DATABASE(), count(*) FROM {database}.t") == ((f"{database}_b", 2),)
    run(session, f"PREPARE u FROM 'USE {database}'", "EXECUTE u")
    assert run(session, "SELECT DATABASE()") == ((database,),)
    run(session, f"DROP DATABASE {database}_b")


def test_a_name_is_given_anew_and_given_up(session):
    run(session, "PREPARE p FROM 'SELECT 1'", "PREPARE p FROM 'SELECT 2'")
    assert run(session, "EXECUTE p") == ((2,),)
    assert error(session, "PREPARE p FROM 'SELEC 3'")[0] == 1064
    assert error(session, "EXECUTE p") == (1243, "Unknown prepared statement handler (p) given to EXECUTE")
    run(session, "PREPARE p FROM 'SELECT 4'", "DEALLOCATE PREPARE p")
    assert error(session, "DROP PREPARE p") == (1243, "Unknown prepared statement handler (p) given to DEALLOCATE PREPARE")
    run(session, "PREPARE p FROM 'SELECT 5'")
    session._execute_command(0x1F, "")  # COM_RESET_CONNECTION
    session._read_ok_packet()
    assert error(session, "EXECUTE p")[0] == 1243


def test_what_cannot_be_is_told(session):
    run(session, "PREPARE p FROM 'SELECT ?'")
    for statement, number in (("EXECUTE p", 1210), ("EXECUTE p USING @a, @b", 1210), ("EXECUTE p USING 1", 1064),
                              ("EXECUTE p USING @@autocommit", 1064), ("PREPARE q FROM 'PREPARE r FROM @s'", 1295),
                              ("PREPARE q FROM 'EXECUTE r'", 1295), ("PREPARE q FROM @never", 1064),
                              ("PREPARE q FROM 'SELECT * FROM nope'", 1146), ("PREPARE q AS SELECT 1", 1064)):
        assert error(session, statement)[0] == number, statement


def test_rights_are_those_of_the_statement(server, database, session):
    run(session, "CREATE USER reader IDENTIFIED BY 'secret-of-reader'", f"GRANT SELECT_PRIV ON {database}.t TO reader")
    with server.connect(database, user="reader", password="secret-of-reader") as reader:
        assert run(reader, "PREPARE p FROM 'SELECT count(*) FROM t'", "EXECUTE p") == ((3,),)
        run(reader, "PREPARE d FROM 'DELETE FROM t WHERE id = 1'")
        assert error(reader, "EXECUTE d")[0] == 1142
        run(session, f"REVOKE SELECT_PRIV ON {database}.t FROM reader")
        assert error(reader, "EXECUTE p")[0] in (1044, 1142)
    assert run(session, "DROP USER reader", "SELECT count(*) FROM t") == ((3,),)
