"""The data part of scripts/quickstart: loads, changes and checks. Needs a running server and broker."""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import time

import duckdb
import pymysql
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

FLIGHTS = 3_000_000
CHANGES = 1_000_000
CHANGED_IDS = 3_100_000  # Changes above FLIGHTS are new flights.
DELETES = 20_000
PARTITIONS = 4
VISIBLE_SECONDS_MAX = 300
COLUMNS = "flight_id, date, delay, distance, origin, destination"
CHECKSUM = ("count(*), sum(delay), sum(distance), min(flight_id), max(flight_id), "
            "sum((flight_id * 31 + (delay + 2000) * 17 + distance) % 1000003)")

started_at = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - started_at:5.1f}s] {text}", flush=True)


def timed(action):
    start = time.monotonic()
    result = action()
    return result, time.monotonic() - start


class Quickstart:
    def __init__(self, options):
        self.options = options
        self.work = pathlib.Path(options.work)
        self.mysql = pymysql.connect(host="127.0.0.1", port=options.mysql_port, user="root", autocommit=True)
        self.model = duckdb.connect()

    def sql(self, statement, *parameters):
        with self.mysql.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return list(cursor.fetchall())

    def load_file(self, table, path, rows, *headers):
        url = f"http://127.0.0.1:{self.options.http_port}/api/quickstart/{table}/_stream_load"
        command = ["curl", "--silent", "--show-error", "--location-trusted", "-u", "root:", "-H", "Expect: 100-continue"]
        for header in headers:
            command += ["-H", header]
        done, seconds = timed(lambda: subprocess.run([*command, "-T", path, url], capture_output=True, text=True))
        if done.returncode:
            sys.exit(f"curl could not load {path}: {done.stderr}")
        answer = json.loads(done.stdout)
        if answer["Status"] != "Success" or answer["NumberLoadedRows"] != rows:
            sys.exit(f"loading {path} failed: {json.dumps(answer, indent=2)}")
        say(f"  {rows:,} rows of {path.name} in {seconds:.1f} s: {rows / seconds:,.0f} rows/s")

    def prepare_files(self):
        """Half of the flights as CSV, half as JSON lines, and the changes as the topic will carry them."""
        parquet = pathlib.Path(self.options.flights) / "flights-3m.parquet"
        self.model.execute("CREATE TABLE flights AS SELECT file_row_number AS flight_id, date, delay, distance, origin, destination "
                           f"FROM read_parquet('{parquet}', file_row_number = true)")
        assert self.model.execute("SELECT count(*) FROM flights").fetchone()[0] == FLIGHTS
        half = FLIGHTS // 2
        self.model.execute(f"COPY (FROM flights WHERE flight_id < {half} ORDER BY flight_id) TO '{self.work}/flights.csv' "
                           "(HEADER false)")
        self.model.execute(f"COPY (FROM flights WHERE flight_id >= {half} ORDER BY flight_id) TO '{self.work}/flights.json' "
                           "(FORMAT json)")
        # Each change is a whole row: a known flight with another delay, or a new flight. The last change of a flight counts.
        self.model.execute(f"""
            CREATE TABLE changes AS
            SELECT n, hash(n) % {CHANGED_IDS} AS flight_id, coalesce(f.date, TIMESTAMP '2001-07-01 12:00:00') AS date,
                   (n * 7919) % 600 - 60 AS delay, coalesce(f.distance, 100 + n % 2000) AS distance,
                   coalesce(f.origin, 'SFO') AS origin, coalesce(f.destination, 'JFK') AS destination
            FROM range({CHANGES}) changes(n) LEFT JOIN flights f ON f.flight_id = hash(n) % {CHANGED_IDS}""")
        self.model.execute(f"COPY (SELECT hash(n + 5000000) % {FLIGHTS} AS flight_id FROM range({DELETES}) r(n)) "
                           f"TO '{self.work}/deletes.csv' (HEADER false)")

    def create_tables(self):
        self.sql("DROP DATABASE IF EXISTS quickstart")
        self.sql("CREATE DATABASE quickstart")
        self.mysql.select_db("quickstart")
        self.sql("""CREATE TABLE flights (flight_id BIGINT NOT NULL, date DATETIME, delay INT, distance INT,
                                          origin VARCHAR(8), destination VARCHAR(8))
                    UNIQUE KEY(flight_id) DISTRIBUTED BY HASH(flight_id) BUCKETS 4
                    PROPERTIES("replication_num" = "1")""")
        self.sql("""CREATE TABLE zipcodes (zip_code VARCHAR(8) PRIMARY KEY, latitude DOUBLE, longitude DOUBLE,
                                           city VARCHAR(64), state VARCHAR(8), county VARCHAR(64))""")

    def stream_changes(self):
        """A routine load follows a topic; returns when the table shows what the model shows."""
        topic = f"flight_changes_{int(time.time())}"
        admin = AdminClient({"bootstrap.servers": self.options.kafka})
        admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(30)
        self.sql(f"""CREATE ROUTINE LOAD quickstart.flight_changes ON flights
                     PROPERTIES("format" = "json")
                     FROM KAFKA("kafka_broker_list" = "{self.options.kafka}", "kafka_topic" = "{topic}",
                                "property.kafka_default_offsets" = "OFFSET_BEGINNING")""")
        _, seconds = timed(lambda: self.produce(topic))
        say(f"  {CHANGES:,} messages produced in {seconds:.1f} s: {CHANGES / seconds:,.0f} messages/s")
        produced_at = time.monotonic()
        self.apply_to_model("SELECT arg_max(struct_pack(flight_id, date, delay, distance, origin, destination), n) AS r "
                            "FROM changes GROUP BY flight_id")
        expected = self.model.execute(f"SELECT {CHECKSUM} FROM flights").fetchone()
        while self.checksum() != expected:
            if time.monotonic() - produced_at > VISIBLE_SECONDS_MAX:
                sys.exit(f"the changes did not arrive: {self.checksum()} instead of {expected}\n"
                         f"{self.sql('SHOW ROUTINE LOAD')}")
            time.sleep(0.02)
        say(f"  all of them visible {time.monotonic() - produced_at:.2f} s after the last was produced")

    def produce(self, topic):
        producer = Producer({"bootstrap.servers": self.options.kafka, "linger.ms": 5, "compression.type": "lz4"})
        rows = self.model.execute(f"SELECT flight_id::VARCHAR, to_json(struct_pack({COLUMNS}))::VARCHAR FROM changes ORDER BY n")
        while batch := rows.fetchmany(10_000):
            for key, value in batch:
                producer.produce(topic, value, key)
            while len(producer) > 50_000:
                producer.poll(0.05)
        if producer.flush(120):
            sys.exit("the broker did not take all changes within 120 s")

    def apply_to_model(self, rows):
        self.model.execute(f"CREATE OR REPLACE TABLE newest AS SELECT r.* FROM ({rows})")
        self.model.execute("DELETE FROM flights WHERE flight_id IN (SELECT flight_id FROM newest)")
        self.model.execute(f"INSERT INTO flights SELECT {COLUMNS} FROM newest")

    def checksum(self):
        return tuple(int(value) for value in self.sql(f"SELECT {CHECKSUM} FROM flights")[0])

    def verify(self):
        """Everything in sums, each airport in figures, a thousand flights in full."""
        expected = self.model.execute(f"SELECT {CHECKSUM} FROM flights").fetchone()
        if self.checksum() != expected:
            sys.exit(f"WRONG: the table sums up to {self.checksum()}, DuckDB computes {expected}")
        by_airport = "SELECT origin, count(*), sum(delay), min(delay), max(delay) FROM flights GROUP BY origin ORDER BY origin"
        ours = [(row[0], *map(int, row[1:])) for row in self.sql(by_airport)]
        if ours != self.model.execute(by_airport).fetchall():
            sys.exit("WRONG: figures by airport differ from DuckDB's")
        for flight_id in random.Random(1).sample(range(CHANGED_IDS), 1000):
            one = f"SELECT {COLUMNS} FROM flights WHERE flight_id = {flight_id}"
            if self.sql(one) != self.model.execute(one).fetchall():
                sys.exit(f"WRONG: flight {flight_id} is {self.sql(one)}, DuckDB has {self.model.execute(one).fetchall()}")
        say("  right: sums, figures of all airports and 1,000 single flights agree with DuckDB's own computation")

    def show_queries(self):
        query = "SELECT origin, count(*) AS flights, avg(delay) AS delay FROM flights GROUP BY origin ORDER BY flights DESC LIMIT 3"
        rows, seconds = timed(lambda: self.sql(query))
        say(f"  {query}")
        say(f"    {seconds * 1000:.1f} ms: " + ", ".join(f"{row[0]} {row[1]:,} ({float(row[2]):.1f} min)" for row in rows))
        query = "SELECT * FROM flights WHERE flight_id = 4711"
        self.sql(query)
        times = sorted(timed(lambda: self.sql(query))[1] for _ in range(1000))
        say(f"  {query}")
        say(f"    median {times[500] * 1000:.2f} ms, 99th percentile {times[990] * 1000:.2f} ms, of 1,000")
        query = "SELECT count(*) FROM flights"
        rows, seconds = timed(lambda: self.sql(query))
        say(f"  {query}")
        say(f"    {seconds * 1000:.1f} ms: {rows[0][0]:,}")

    def count(self, table="flights"):
        return f"{self.sql(f'SELECT count(*) FROM {table}')[0][0]:,}"

    def run(self):
        say("turning the flights into CSV and JSON lines")
        self.prepare_files()
        say("creating the tables")
        self.create_tables()
        say("loading over HTTP")
        self.load_file("flights", self.work / "flights.csv", FLIGHTS // 2, "format: csv", "column_separator: ,")
        self.load_file("flights", self.work / "flights.json", FLIGHTS // 2, "format: json", "read_json_by_line: true")
        zipcodes = pathlib.Path(self.options.flights) / "zipcodes.csv"
        zipcode_rows = len(zipcodes.read_text().splitlines()) - 1
        self.load_file("zipcodes", zipcodes, zipcode_rows, "format: csv", "column_separator: ,", "skip_lines: 1")
        say(f"  flights: {self.count()} rows, zipcodes: {self.count('zipcodes')} rows")
        self.verify()
        say(f"streaming {CHANGES:,} changes through Kafka")
        self.stream_changes()
        say(f"  flights: {self.count()} rows after upserts of known flights and new ones")
        say(f"deleting {DELETES:,} flights over HTTP")
        self.load_file("flights", self.work / "deletes.csv", DELETES, "format: csv", "merge_type: DELETE", "columns: flight_id")
        self.model.execute(f"DELETE FROM flights WHERE flight_id IN (SELECT column0 FROM read_csv('{self.work}/deletes.csv', "
                           "header = false))")
        say(f"  flights: {self.count()} rows")
        say("checking against DuckDB")
        self.verify()
        say("asking")
        self.show_queries()


parser = argparse.ArgumentParser(description=__doc__)
for name in ("--flights", "--work", "--kafka"):
    parser.add_argument(name, required=True)
for name in ("--http-port", "--mysql-port"):
    parser.add_argument(name, required=True, type=int)
Quickstart(parser.parse_args()).run()
