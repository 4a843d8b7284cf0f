"""Connector/Python against a server: connector_python.py PORT PASSWORD DATABASE python|libmysqlclient. Ends with 0 when all is right."""
import datetime
import decimal
import sys

import mysql.connector

# The decimal is among the first half of the parameters: in the form with MySQL's C library (9.5), MySQLPrepStmt_execute writes the
# type of the k-th parameter, when it is a Decimal, to place 2k of its bindings, past their end with any server.
ROW = {"id": 1, "de": decimal.Decimal("1234567890123456.7891"), "b": 1, "ti": -128, "si": -32768, "i": -2147483648, "bi": -2**63,
       "li": str(2**127 - 1), "f": 1.5, "d": 0.375, "dt": datetime.date(2026, 2, 28),
       "ts": datetime.datetime(2026, 2, 28, 23, 59, 58, 123456), "c": "fixed", "v": "Zeile\n'\"\\", "s": "grün " * 60000}


def check(port, password, database, form):
    with mysql.connector.connect(host="127.0.0.1", port=port, user="root", password=password, database=database, use_pure=form == "python",
                                 autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE t (id BIGINT NOT NULL, de DECIMAL(20, 4), b BOOLEAN, ti TINYINT, si SMALLINT, i INT, bi BIGINT, "
                       "li LARGEINT, f FLOAT, d DOUBLE, dt DATE, ts DATETIME(6), c CHAR(8), v VARCHAR(100), s STRING) UNIQUE KEY(id)")
        prepared = connection.cursor(prepared=True)
        prepared.execute(f"INSERT INTO t VALUES ({', '.join('?' for _ in ROW)})", tuple(ROW.values()))
        assert prepared.rowcount == 1
        prepared.execute(f"INSERT INTO t VALUES ({', '.join('?' for _ in ROW)})", (2,) + (None,) * (len(ROW) - 1))
        for condition in ("id = ?", "id + 0 = ?"):
            prepared.execute(f"SELECT * FROM t WHERE {condition}", (1,))
            assert prepared.column_names == tuple(ROW)
            assert prepared.fetchall() == [tuple(ROW.values())]
            prepared.execute(f"SELECT * FROM t WHERE {condition}", (2,))
            assert prepared.fetchall() == [(2,) + (None,) * (len(ROW) - 1)]
        prepared.close()
        cursor.execute("SELECT * FROM t ORDER BY id")
        assert cursor.fetchall() == [tuple(ROW.values()), (2,) + (None,) * (len(ROW) - 1)]
        cursor.executemany("INSERT INTO t (id, v) VALUES (%s, %s)", [(k, f"v{k}") for k in range(10, 500)])
        assert cursor.rowcount == 490
        try:
            cursor.execute("SELECT * FROM missing")
            raise AssertionError("a table that is not there was read")
        except mysql.connector.ProgrammingError as refused:
            assert (refused.errno, refused.sqlstate) == (1146, "42S02")
        connection.start_transaction()
        cursor.execute("DELETE FROM t WHERE id >= 10")
        assert connection.in_transaction
        connection.rollback()
        assert not connection.in_transaction
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchall() == [(492,)]
        connection.cmd_reset_connection()
        connection.ping()
        assert "Uptime" in connection.cmd_statistics()


if __name__ == "__main__":
    check(int(sys.argv[1]), *sys.argv[2:5])
