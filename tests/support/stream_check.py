"""A routine load from a real broker into the DUPLICATE table d.k: every message exactly once, whatever happens to the server."""
import time


class StreamCheck:
    def __init__(self, server, kafka, topic):
        self.server, self.kafka, self.topic = server, kafka, topic
        self.produced = 0
        kafka.create_topic(topic, partitions=2)
        server.sql("CREATE TABLE d.k (id BIGINT NOT NULL, v BIGINT) DUPLICATE KEY(id)")
        server.sql(f'CREATE ROUTINE LOAD d.j ON k COLUMNS TERMINATED BY "," FROM KAFKA ("kafka_broker_list" = "{kafka.address}", '
                   f'"kafka_topic" = "{topic}", "property.kafka_default_offsets" = "OFFSET_BEGINNING")')

    def produce(self, count):
        self.kafka.produce(self.topic, [(str(i), f"{i},{i * 3}") for i in range(self.produced, self.produced + count)])
        self.produced += count

    def check(self):
        """Nothing is there twice, nothing that was never sent; how many are there."""
        count, distinct, low, high, wrong = self.server.sql(
            "SELECT count(*), count(DISTINCT id), min(id), max(id), coalesce(sum(CASE WHEN v = id * 3 THEN 0 ELSE 1 END), 0) FROM d.k")[0]
        assert count == distinct, f"{count - distinct} messages are there twice"
        assert wrong == 0 and (count == 0 or (low >= 0 and high < self.produced)), (count, low, high, wrong, self.produced)
        return count

    def wait_for_all(self, seconds):
        deadline = time.monotonic() + seconds
        while self.check() < self.produced:
            assert time.monotonic() < deadline, f"{self.check()} of {self.produced} messages after {seconds} s"
            time.sleep(0.05)
