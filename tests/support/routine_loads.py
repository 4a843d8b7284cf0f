"""Routine loads in tests: making jobs, and what SHOW ROUTINE LOAD and /metrics tell of them."""
import json
import re
import time

WAIT_SECONDS = 120


def wait_for(condition, what, seconds=WAIT_SECONDS):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.02)


def create_job(server, kafka, topic, job="j", table="t", columns='COLUMNS TERMINATED BY ","', offsets="OFFSET_BEGINNING",
               source=None, **properties):
    """CREATE ROUTINE LOAD d.<job>; `source`: more properties of FROM KAFKA."""
    given = ", ".join(f'"{name}" = "{value}"' for name, value in properties.items())
    more = "".join(f', "{name}" = "{value}"' for name, value in (source or {}).items())
    server.sql(f'CREATE ROUTINE LOAD d.{job} ON {table} {columns} {f"PROPERTIES ({given})" if given else ""} FROM KAFKA '
               f'("kafka_broker_list" = "{kafka.address}", "kafka_topic" = "{topic}", '
               f'"property.kafka_default_offsets" = "{offsets}"{more})')


def job(server, name="j"):
    """The line of SHOW ROUTINE LOAD, by short names."""
    row = server.sql(f"SHOW ALL ROUTINE LOAD FOR d.{name}")[0]
    return {"state": row[8], "statistic": json.loads(row[14]), "progress": json.loads(row[15]), "lag": json.loads(row[16]),
            "reason": row[17], "errors": row[18], "other": row[19]}


def error_logs(server, name="j"):
    """The texts of the error logs that SHOW ROUTINE LOAD names, by their URLs, oldest first."""
    urls = filter(None, job(server, name)["errors"].split(", "))
    return {url: server.http("GET", "/" + url.split("://", 1)[1].split("/", 1)[1])[2].decode() for url in urls}


def metrics(server, name="j"):
    """What /metrics says of the job: {"rows_total": 5.0, 'lag{partition="0"}': 0.0}."""
    found = {}
    for line in server.http("GET", "/metrics")[2].decode().splitlines():
        sample = re.fullmatch(r'freshet_routine_load_(\w+)\{database="d",job="' + name + r'"(?:,(.*))?\} (\S+)', line)
        if sample:
            found[sample[1] + (f"{{{sample[2]}}}" if sample[2] else "")] = float(sample[3])
    return found
