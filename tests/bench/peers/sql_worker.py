"""An engine in a process of its own: runs SQL for peers/embedded.py, one channel a thread, so that a crash or a statement without
end does not take the benchmark with it.

  sql_worker.py duckdb FOLDER   or   sql_worker.py chdb FOLDER
"""
import datetime
import decimal
import json
import os
import queue
import sys
import threading


class DuckDb:
    def __init__(self, folder):
        import duckdb
        self.connection = duckdb.connect(f"{folder}/native.duckdb")

    def connect(self):
        cursor = self.connection.cursor()

        def run(sql):
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
        return run

    def close(self):
        self.connection.close()


class ChDb:
    """One statement at a time: its library takes no more."""

    def __init__(self, folder):
        from chdb import session
        self.session = session.Session(f"{folder}/data")
        self.lock = threading.Lock()

    def connect(self):
        def run(sql):
            with self.lock:
                text = str(self.session.query(sql, "JSONCompactEachRow"))
            return [json.loads(line) for line in text.splitlines() if line]
        return run

    def close(self):
        self.session.close()


def as_json(value):
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, (datetime.datetime, datetime.date)):
        return str(value)
    raise TypeError(type(value))


def serve(engine, requests, answer):
    run = engine.connect()
    while (request := requests.get()) is not None:
        try:
            rows = [run(sql) for sql in request["sql"]][-1]
            answer({"channel": request["channel"], "rows": rows})
        except Exception as error:  # noqa: BLE001 - whatever an engine raises is its answer
            answer({"channel": request["channel"], "error": f"{type(error).__name__}: {error}"})


def main():
    # Engines print; answers have a way of their own.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    lock = threading.Lock()

    def answer(message):
        text = json.dumps(message, default=as_json)
        with lock:
            out.write(text + "\n")
            out.flush()

    engine = {"duckdb": DuckDb, "chdb": ChDb}[sys.argv[1]](sys.argv[2])
    channels, threads = {}, []
    for line in sys.stdin:
        request = json.loads(line)
        channel = request["channel"]
        if channel not in channels:
            channels[channel] = queue.Queue()
            threads.append(threading.Thread(target=serve, args=(engine, channels[channel], answer)))
            threads[-1].start()
        channels[channel].put(request)
    for requests in channels.values():
        requests.put(None)
    for thread in threads:
        thread.join()
    engine.close()


main()
