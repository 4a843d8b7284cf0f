"""INSERT ... VALUES in batches: rows per second of one and of several connections, into a table that is new each time.

  scripts/bench insert-values [--rows 1000] [--batches 200] [--clients 1,2]

The texts are made before the clock starts. A batch is one statement, one commit.
"""
import argparse
import pathlib
import tempfile
import threading
import time

from support.freshet_server import FreshetServer

COLUMNS = "id BIGINT, customer INT, placed DATETIME, price DECIMAL(10,2), state VARCHAR(20), note VARCHAR(100)"


def batch(first, rows):
    values = ",".join(f"({i},{i * 7919 % 1000003},'2026-01-{i % 28 + 1:02d} 12:{i % 60:02d}:00',{i % 10000}.{i % 100:02d},"
                      f"'state {i % 10}','order number {i} of this year')" for i in range(first, first + rows))
    return f"INSERT INTO d.t VALUES {values}"


def measure(server, clients, rows, batches, model):
    server.sql("DROP TABLE IF EXISTS d.t")
    server.sql(f"CREATE TABLE d.t ({COLUMNS}) {model} KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2")
    texts = [[batch((client * batches + i) * rows, rows) for i in range(batches)] for client in range(clients)]
    ready = threading.Barrier(clients + 1)

    def run(statements):
        connection = server.connect()
        with connection.cursor() as cursor:
            ready.wait()
            for statement in statements:
                cursor.execute(statement)
        connection.close()

    threads = [threading.Thread(target=run, args=(statements,)) for statements in texts]
    for thread in threads:
        thread.start()
    ready.wait()
    begin = time.monotonic()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begin
    count = server.value("SELECT count(*) FROM d.t")
    assert count == clients * batches * rows, count
    return count / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--clients", default="1,2")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = FreshetServer(pathlib.Path(folder)).start()
        server.sql("CREATE DATABASE d")
        for clients in map(int, arguments.clients.split(",")):
            for model in ("UNIQUE", "DUPLICATE"):
                rates = sorted(measure(server, clients, arguments.rows, arguments.batches, model)
                               for _ in range(arguments.repeat))
                print(f"{clients} clients, {model}: {rates[len(rates) // 2]:,.0f} rows/s "
                      f"({rates[0]:,.0f} to {rates[-1]:,.0f})", flush=True)
        server.stop()


if __name__ == "__main__":
    main()
