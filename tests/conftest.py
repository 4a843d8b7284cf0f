"""What all tests against the real server share: servers, databases, a Kafka broker, and random numbers with a seed."""
import os
import random
import zlib

import pytest

from support.freshet_server import FreshetServer
from support.kafka_broker import KafkaBroker

SEED = int(os.environ.get("FRESHET_TEST_SEED", "1"))
FULL = os.environ.get("FRESHET_TEST_FULL") == "1"


def pytest_configure(config):
    config.addinivalue_line("markers", "full: takes minutes; only with scripts/test --full")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("full") and not FULL:
            item.add_marker(pytest.mark.skip(reason="takes minutes: scripts/test --full"))


def pytest_report_header():
    return f"seed {SEED}"


@pytest.fixture
def rng(request):
    """Random numbers that depend on the seed and on the test's name; the seed is printed when the test fails."""
    print(f"seed {SEED}: scripts/test {request.node.name} --seed {SEED}")
    return random.Random(SEED ^ zlib.crc32(request.node.nodeid.encode()))


@pytest.fixture
def make_server(tmp_path):
    """Starts servers with data folders of their own and ends them: make_server({"storage.memtable_bytes": "1MiB"})."""
    servers = []

    def make(settings=None, start=True, **options):
        server = FreshetServer(tmp_path / f"server{len(servers)}", settings, **options)
        servers.append(server)
        return server.start() if start else server

    yield make
    for server in servers:
        if server.is_running():
            server.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for all tests of a file: it must end in peace."""
    server = FreshetServer(tmp_path_factory.mktemp("server")).start()
    yield server
    assert server.is_running(), f"the server has ended\n{server.log_tail()}"
    code = server.stop()
    assert code == 0, f"the server ended with {code}\n{server.log_tail()}"


@pytest.fixture
def database(server, request):
    """The name of a new database of `server`, dropped after the test."""
    name = f"db_{zlib.crc32(request.node.nodeid.encode()):08x}"
    server.sql(f"CREATE DATABASE {name}")
    yield name
    server.sql(f"DROP DATABASE {name}")


@pytest.fixture
def sql(server, database):
    """Runs one statement on a connection to `database`: sql("SELECT %s", 1); its rows as a list of tuples."""
    connection = server.connect(database)

    def run(query, *parameters):
        with connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return list(cursor.fetchall())

    yield run
    connection.close()


@pytest.fixture(scope="session")
def broker_of_all(tmp_path_factory):
    broker = KafkaBroker(tmp_path_factory.mktemp("kafka")).start()
    yield broker
    broker.stop()


@pytest.fixture
def kafka(broker_of_all):
    """A running broker; topics are named by the tests. Whoever stops it starts it again; after a test that failed to, this does."""
    if not broker_of_all.is_alive():
        broker_of_all.start()
    return broker_of_all
