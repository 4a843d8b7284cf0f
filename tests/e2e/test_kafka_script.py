"""scripts/kafka itself: what the tests of routine loads stand on."""
import subprocess

from confluent_kafka import Consumer, TopicPartition

from support.kafka_broker import SCRIPT


def message_count(kafka, topic):
    consumer = Consumer({"bootstrap.servers": kafka.address, "group.id": "count", "enable.auto.commit": False})
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)
        return high - low
    finally:
        consumer.close()


def test_topics_survive_a_restart_on_the_same_port(kafka):
    kafka.create_topic("restarted")
    kafka.produce("restarted", (str(number) for number in range(1000)))
    kafka.stop()
    kafka.start()
    kafka.produce("restarted", [("key", "value")], partition=0)
    assert message_count(kafka, "restarted") == 1001


def test_second_broker_on_one_folder_is_refused(kafka):
    done = subprocess.run([SCRIPT, "start", "--dir", kafka.folder, "--port", "0"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "already" in done.stderr


def test_port_in_use_is_refused(kafka, tmp_path):
    done = subprocess.run([SCRIPT, "start", "--dir", tmp_path, "--port", str(kafka.port)], capture_output=True, text=True)
    assert done.returncode == 1
    assert f"port {kafka.port} is in use" in done.stderr
