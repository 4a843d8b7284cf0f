"""Accounts of a server under test, and what statements answer them."""
import contextlib

import pymysql

PASSWORD = "open sesame"


def make_user(server, name, *grants, host="%", password=PASSWORD):
    """Makes a user with privileges given as "SELECT ON d.*"."""
    server.sql(f"DROP USER IF EXISTS '{name}'@'{host}'")
    server.sql(f"CREATE USER '{name}'@'{host}' IDENTIFIED BY '{password}'")
    for grant in grants:
        server.sql(f"GRANT {grant} TO '{name}'@'{host}'")


class Client:
    """One connection of a user: rows and errors of statements."""

    def __init__(self, server, user, database=None, password=PASSWORD, **options):
        self.connection = server.connect(database, user=user, password=password, **options)

    def __call__(self, statement, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return list(cursor.fetchall())

    def error(self, statement):
        """(number, text) of the error that it must end with."""
        try:
            rows = self(statement)
        except pymysql.MySQLError as error:
            return error.args[0], error.args[1]
        raise AssertionError(f"{statement} was allowed and answered {rows}")

    def close(self):
        self.connection.close()


@contextlib.contextmanager
def logged_in(server, user, database=None, password=PASSWORD, **options):
    client = Client(server, user, database, password, **options)
    try:
        yield client
    finally:
        client.close()


def login_error(server, user, password=PASSWORD, database=None, **options):
    try:
        server.connect(database, user=user, password=password, **options).close()
    except pymysql.MySQLError as error:
        return error.args[0], error.args[1]
    raise AssertionError(f"{user} was let in")
