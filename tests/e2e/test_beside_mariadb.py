"""The same statements in a session of Freshet and one of MariaDB: rows, their names and types, counts, ids and errors are the same."""
import mysql.connector
import pymysql
import pytest

from support.mariadb_server import MariaDbServer, server_binary

pytestmark = pytest.mark.skipif(server_binary() is None, reason="mariadb-server is not installed")

TABLES = """
CREATE TABLE t (id INT NOT NULL PRIMARY KEY, n VARCHAR(20), v INT DEFAULT 5)
CREATE TABLE u (id INT NOT NULL PRIMARY KEY, w INT)
CREATE TABLE made (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, n VARCHAR(10) DEFAULT 'x')
INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, NULL, NULL), (5, 'e', 5)
INSERT INTO u VALUES (1, 10), (2, 20), (9, 90)
"""

COUNTS = """
SELECT * FROM t ORDER BY id
SELECT * FROM t ORDER BY id LIMIT 2
SELECT v FROM t WHERE id = 2
SELECT v FROM t WHERE id = 77
SELECT SQL_CALC_FOUND_ROWS * FROM t ORDER BY id LIMIT 2
SELECT SQL_CALC_FOUND_ROWS * FROM t ORDER BY id LIMIT 1, 2
SELECT SQL_CALC_FOUND_ROWS * FROM t ORDER BY id LIMIT 2 OFFSET 3
SELECT SQL_CALC_FOUND_ROWS * FROM t ORDER BY id LIMIT 10, 2
SELECT SQL_CALC_FOUND_ROWS * FROM t LIMIT 0
SELECT SQL_CALC_FOUND_ROWS * FROM t ORDER BY id
SELECT DISTINCT SQL_CALC_FOUND_ROWS v > 2 AS x FROM t ORDER BY x LIMIT 1
SELECT SQL_CALC_FOUND_ROWS v > 2 AS x, count(*) AS c FROM t GROUP BY x ORDER BY x LIMIT 1
SELECT SQL_CALC_FOUND_ROWS id FROM t WHERE v IN (SELECT v FROM t WHERE v > 1) ORDER BY id LIMIT 1
SELECT SQL_CALC_FOUND_ROWS id FROM t UNION ALL SELECT id FROM u ORDER BY id LIMIT 3
SELECT SQL_CALC_FOUND_ROWS * FROM (SELECT * FROM t ORDER BY id LIMIT 3) x ORDER BY id LIMIT 1
SELECT SQL_CALC_FOUND_ROWS id FROM t WHERE id = 3 LIMIT 1 FOR UPDATE
WITH x AS (SELECT id FROM t) SELECT SQL_CALC_FOUND_ROWS id FROM x ORDER BY id LIMIT 1
SELECT FOUND_ROWS() + 1 AS n
UPDATE t SET v = v + 1 WHERE id < 3
UPDATE t SET v = v WHERE id < 3
UPDATE t SET v = 7 WHERE id = 99
INSERT INTO t VALUES (10, 'j', 10), (11, 'k', 11)
INSERT INTO t VALUES (10, 'j', 10) ON DUPLICATE KEY UPDATE v = VALUES(v) + 1
INSERT INTO t VALUES (10, 'j', 10) ON DUPLICATE KEY UPDATE v = v
INSERT INTO t (id, v) VALUES (10, 3), (12, 4) ON DUPLICATE KEY UPDATE v = v + VALUES(v)
REPLACE INTO t VALUES (12, 'l', 1)
INSERT IGNORE INTO t VALUES (12, 'm', 1), (13, 'm', 1)
DELETE FROM t WHERE id > 9
DELETE FROM t WHERE id > 9
SET @a = 1
DO 1
DO 1 + 1, SLEEP(0), (SELECT max(v) FROM t)
DO nothing
SELECT nothing
SELECT * FROM nowhere
BEGIN
UPDATE t SET v = 8 WHERE id = 1
SELECT SQL_CALC_FOUND_ROWS id FROM t WHERE v = 8 LIMIT 1
ROLLBACK
CREATE TABLE other (id INT NOT NULL PRIMARY KEY)
INSERT INTO other VALUES (1), (2)
DROP TABLE other
SHOW VARIABLES LIKE 'autocommit'
EXPLAIN SELECT * FROM nowhere
INSERT INTO made VALUES ()
INSERT INTO made () VALUES (), ()
SELECT LAST_INSERT_ID(), @@last_insert_id, @@identity
INSERT INTO made (n) VALUES ('y')
SELECT * FROM made ORDER BY id
"""

STATEMENTS = """
SELECT id FROM t ORDER BY id LIMIT 1, 18446744073709551615
SELECT id FROM t ORDER BY id LIMIT 18446744073709551615 OFFSET 3
SELECT id FROM t ORDER BY id LIMIT 18446744073709551615
SELECT TRUE, FALSE, NULL, 1 IS TRUE, CASE WHEN 1 THEN 'b' END
SELECT DATE('2026-01-01') + INTERVAL 1 DAY, DATE('2026-01-01') - INTERVAL v + 1 HOUR FROM t WHERE id = 1
SELECT CASE WHEN v > 1 THEN 'b' ELSE 'c' END, v IS NULL FROM t ORDER BY id
SELECT v position, n analyse, id `order`, v + 1 initially, v DIV 1 only_ FROM t ORDER BY id LIMIT 1
SELECT 1 'x', 2 "y", 3 z, 4 AS end
SELECT a.id, b.id FROM t a JOIN u b ORDER BY a.id, b.id
SELECT a.id, b.id FROM t a INNER JOIN u b ORDER BY a.id, b.id
SELECT a.id, b.id FROM t a CROSS JOIN u b ORDER BY a.id, b.id
SELECT a.id, b.id FROM t a CROSS JOIN u b ON a.id = b.id ORDER BY a.id, b.id
SELECT a.id, b.id FROM t a STRAIGHT_JOIN u b ORDER BY a.id, b.id
SELECT a.id, b.id FROM t a STRAIGHT_JOIN u b ON a.id = b.id ORDER BY a.id, b.id
SELECT a.id, b.id FROM t a JOIN u b WHERE a.id = b.id ORDER BY a.id
SELECT a.id, c.id FROM t a JOIN u b LEFT JOIN t c ON c.id = b.id WHERE a.id = 1 ORDER BY a.id, c.id
SELECT a.id, c.id FROM t a LEFT JOIN (u b JOIN t c ON c.id = b.id) ON a.id = c.id ORDER BY a.id
SELECT a.id, c.id FROM t a LEFT JOIN u b JOIN t c ON c.id = b.id ON a.id = c.id ORDER BY a.id
SELECT a.id, c.id FROM (t a, u b) LEFT JOIN t c ON c.id = b.id AND c.id = a.id WHERE a.id < 3 ORDER BY a.id, c.id
SELECT a.id, c.n FROM t a JOIN (u b, t c) ON a.id = b.id AND b.id = c.id ORDER BY a.id
SELECT id FROM t NATURAL JOIN u ORDER BY id
SELECT id FROM t WHERE id IN (SELECT a.id FROM t a JOIN u b) ORDER BY id
SELECT HEX(UNHEX('FF')), UNHEX('FF00'), X'FF', 0x4142, CAST('a' AS BINARY), AES_ENCRYPT('a', 'key')
SELECT 5 & 3, 5 | 3, 5 ^ 3, ~1, 1 << 63, 16 >> 2, CAST(-1 AS UNSIGNED)
SELECT t.nope FROM t
SELECT nope FROM t
SELECT id FROM t, u
INSERT INTO t (id, id) VALUES (5, 6)
INSERT INTO t (id) VALUES (NULL)
INSERT INTO t (v) VALUES (1)
INSERT INTO t (id) VALUES ()
INSERT INTO t VALUES (20, 'x', 1) ON DUPLICATE KEY UPDATE id = id
INSERT INTO t VALUES (20, 'y', 2) ON DUPLICATE KEY UPDATE id = id
INSERT INTO t VALUES (20, 'y', 2) ON DUPLICATE KEY UPDATE id = VALUES(id), n = VALUES(n)
INSERT INTO t VALUES (20, 'z', 3) ON DUPLICATE KEY UPDATE t.id = t.id, v = 9
INSERT INTO t SET id = 21, n = CONCAT('a', 'b'), v = 1 + 1
INSERT INTO t SET id = 21, n = UPPER('ab') ON DUPLICATE KEY UPDATE n = CONCAT(VALUES(n), '!'), v = v + 40
SELECT * FROM t WHERE id >= 20 ORDER BY id
DELETE FROM t WHERE id >= 20
INSERT INTO t (id, n) VALUES (30, 1=1), (31, 2 > 3), (32, 1e2), (33, 1.50), (34, CONCAT('a', 1)), (35, DEFAULT), (36, NULL), (37, DATE('2026-01-01'))
INSERT INTO t (id, v) VALUES (40, '12' + 1), (41, DEFAULT), (42, DEFAULT(v)), (43, 1 = 1), (44, (SELECT max(w) FROM u)), (45, '7')
INSERT INTO t (id, n) SELECT 50, 2 > 1
INSERT INTO t (id, n, v) VALUES (30, 1 = 2, '5'), (51, CONCAT('x', 'y'), 1 + 1) ON DUPLICATE KEY UPDATE n = (VALUES(v) = 5), v = VALUES(v) + 1
UPDATE t SET n = (id > 5) WHERE id = 31
INSERT INTO t (id, n) VALUES (60, 'a'), (61, CONCAT('b', 'c'), 1)
SELECT * FROM t WHERE id >= 30 ORDER BY id
"""

ZONES = ("+00:00", "+02:00", "-09:30", "Europe/Berlin", "America/New_York")
IN_ZONES = """
SELECT FROM_UNIXTIME(0), FROM_UNIXTIME(1790000000), FROM_UNIXTIME(1767225600), FROM_UNIXTIME(1790000000, '%Y-%m-%d %H:%i')
SELECT UNIX_TIMESTAMP('2026-01-01 10:00:00'), UNIX_TIMESTAMP('2026-07-01'), UNIX_TIMESTAMP(CAST('2026-07-01 00:00:00' AS DATETIME))
SELECT UNIX_TIMESTAMP(FROM_UNIXTIME(1790000000)), DATE(FROM_UNIXTIME(1790000000)) AS d
SELECT ABS(UNIX_TIMESTAMP() - UNIX_TIMESTAMP(NOW())) < 5 AS a, TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), NOW()) AS b, CURDATE() = DATE(NOW()) AS c
SELECT CURRENT_DATE = DATE(CURRENT_TIMESTAMP) AS a, HOUR(CURTIME()) = HOUR(NOW()) AS b, LENGTH(NOW(3)) AS c, UTC_DATE() = DATE(UTC_TIMESTAMP()) AS d
SELECT @@time_zone
"""


class Session:
    def __init__(self, connection, database):
        self.connection = connection
        self.cursor = connection.cursor()
        for statement in (f"DROP DATABASE IF EXISTS {database}", f"CREATE DATABASE {database}", f"USE {database}"):
            self.cursor.execute(statement)

    def run(self, statement):
        try:
            count = self.cursor.execute(statement)
        except pymysql.Error as error:
            return "error", error.args[0]
        if self.cursor.description is None:
            return "done", count, self.cursor.lastrowid
        return "rows", [column[0] for column in self.cursor.description], [list(map(repr, row)) for row in self.cursor.fetchall()]


@pytest.fixture(scope="module")
def judge():
    with MariaDbServer() as judge:
        yield judge


@pytest.fixture
def both(server, judge):
    sessions = [Session(server.connect(), "beside"), Session(judge.connect(), "beside")]
    yield sessions
    for session in sessions:
        session.cursor.execute("DROP DATABASE beside")
        session.connection.close()


def compare(both, statements, behind=()):
    """Each statement is followed by those of `behind`."""
    problems = []
    for statement in statements.strip().splitlines():
        for asked in (statement, *behind):
            ours, theirs = (session.run(asked) for session in both)
            if ours != theirs:
                problems.append(f"{asked}\n    behind {statement}\n    Freshet {ours}\n    MariaDB {theirs}")
    assert not problems, "\n" + "\n".join(problems)


def test_row_count_and_found_rows_tell_of_the_statement_before(both):
    compare(both, TABLES)
    # The one asked first sees the statement; the other then sees the question.
    compare(both, COUNTS, ["SELECT ROW_COUNT(), FOUND_ROWS()", "SELECT FOUND_ROWS(), ROW_COUNT()"])


def test_statements_mean_the_same(both):
    compare(both, TABLES)
    compare(both, STATEMENTS)


@pytest.mark.parametrize("zone", ZONES)
def test_moments_are_those_of_the_sessions_zone(both, zone):
    compare(both, f"SET time_zone = '{zone}'\n{IN_ZONES}")


def test_unknown_zones_are_refused(both):
    compare(both, "SET time_zone = 'Mars/Olympus'\nSET time_zone = 'nowhere'\nSET time_zone = '+25:00'\nSET time_zone = ''\nSELECT FROM_UNIXTIME(0)")


def test_found_rows_of_clients_that_count_what_was_found(server, judge):
    flag = pymysql.constants.CLIENT.FOUND_ROWS
    both = [Session(server.connect(client_flag=flag), "beside"), Session(judge.connect(client_flag=flag), "beside")]
    compare(both, TABLES)
    compare(both, "UPDATE t SET v = v WHERE id < 3\nUPDATE t SET v = 9 WHERE id < 3", ["SELECT ROW_COUNT()"])


def test_prepared_statements_count_too(server, judge):
    answers = []
    for options in ({"port": server.mysql_port, "host": "127.0.0.1"}, {"unix_socket": f"{judge.folder}/socket", "charset": "utf8mb4"}):
        with mysql.connector.connect(user="root", use_pure=True, autocommit=True, **options) as connection:
            with connection.cursor() as cursor:
                cursor.execute("CREATE DATABASE IF NOT EXISTS prepared")
                cursor.execute("USE prepared")
                cursor.execute("DROP TABLE IF EXISTS t")
                cursor.execute("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT)")
                cursor.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4)")
            seen = []
            with connection.cursor(prepared=True) as cursor:
                for offset in (0, 1, 9):
                    cursor.execute("SELECT SQL_CALC_FOUND_ROWS id FROM t WHERE v > %s ORDER BY id LIMIT %s, %s", (1, offset, 2))
                    seen.append(cursor.fetchall())
                    cursor.execute("SELECT FOUND_ROWS()")
                    seen.append(cursor.fetchall())
                cursor.execute("SELECT CAST(%s AS UNSIGNED), ~0, UNHEX(%s)", (18446744073709551615, "FF41"))
                seen.append([tuple(bytes(value) if isinstance(value, (bytes, bytearray)) else value for value in row) for row in cursor.fetchall()])
            answers.append(seen)
    assert answers[0] == answers[1]
