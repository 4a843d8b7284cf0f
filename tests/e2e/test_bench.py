"""The driver of scripts/bench: its arithmetic, its chart, and a run of a few seconds with the systems that are always there."""
import decimal
import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

import pytest

from bench import chart, figures, goals
from bench.course import Course, Sizes, same_rows
from bench.data import ORDERS, DataFolder
from bench.peers.system import NotOffered, System, SystemFailed
from support.freshet_server import ROOT

RUN_SECONDS_MAX = 120


@pytest.fixture
def figure():
    figure = figures.Figure("loads", "load", "a load", "rows/s", limit=("memchr", 1000.0))
    for value in (100, 120, 110):
        figure.add("Freshet", value)
    figure.add("Slow <&>", 10)
    figure.left_out["Absent"] = "it is not installed"
    return figure


def test_medians_spread_and_ratios(figure):
    assert figure.median("Freshet") == 110
    assert figure.spread("Freshet") == pytest.approx(10 / 110)
    assert figure.ratio("Slow <&>") == 11
    assert figure.part_of_limit() == 0.11
    assert figure.ratio("Absent") is None
    figure.is_lower_better = True
    assert figure.ratio("Slow <&>") == pytest.approx(1 / 11)


def test_the_table_has_every_system_and_says_who_is_left_out(figure):
    head, _, row = figures.table([figure]).splitlines()
    assert head == "| work | unit | Freshet | of the limit | Slow <&> | Absent |"
    assert row == "| a load | rows/s | 110 ±9 % | 11 % of memchr | 10 (11.00x) | left out |"
    assert figures.reasons([figure]) == ["Absent is left out of 'a load': it is not installed"]


def test_the_chart_is_xml_with_a_dot_for_each_ratio(figure):
    root = xml.etree.ElementTree.fromstring(chart.ratio_chart([figure], "a & b"))
    titles = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["a load: 11.00x Slow <&>"]


def test_goals_are_met_missed_or_not_measured():
    one = figures.Figure("upserts", "upsert 1000000 10 uniform", "", "rows/s", samples={"Freshet": [100], "DuckDB": [5], "MariaDB": [50]})
    rows = {line.split(" | ")[0].strip("| "): line for line in goals.table([one]).splitlines()}
    assert rows["upserts beside DuckDB"].endswith("| 20.00x | met |")
    assert rows["upserts beside MariaDB"].endswith("| 2.00x | NOT met |")
    assert "not measured" in rows["upserts beside PostgreSQL"]


def test_answers_of_different_clients_are_compared_by_value():
    assert same_rows([(1, "a", 2.5)], [["1", b"a", "2.50"]])
    assert same_rows([("2026-01-01",)], [("2026-01-01 00:00:00",)])
    assert same_rows([(decimal.Decimal("0.3333"),)], [(1 / 3,)])
    assert not same_rows([(decimal.Decimal("0.3333"),)], [(0.3335,)])
    assert not same_rows([(1,)], [(1.001,)])
    assert not same_rows([(1,)], [(1,), (2,)])
    assert not same_rows([(None,)], [(0,)])


def test_a_batch_has_the_promised_keys_once_and_the_same_ones_again(tmp_path):
    data = DataFolder(tmp_path, seed=3)
    for spread in ("uniform", "zipf"):
        file = data.batch(ORDERS, 10_000, 1000, 30, spread, 0)
        keys = [int(line.split(",")[0]) for line in file.path.read_text().splitlines()]
        assert (file.rows, len(set(keys))) == (1000, 1000)
        assert sum(key < 10_000 for key in keys) == 300
        before = file.path.read_bytes()
        file.path.unlink()
        assert data.batch(ORDERS, 10_000, 1000, 30, spread, 0).path.read_bytes() == before
    assert DataFolder(tmp_path, seed=4).base(ORDERS, 10, salt=1).path.read_bytes() != data.base(ORDERS, 10, salt=1).path.read_bytes()


class Fake(System):
    """A system that does what the test says."""
    title = "Freshet"

    def start(self):
        self.folder.mkdir()

    def nothing(self, *_):
        return ""

    stop = kill = version = settings = pids = connect = create = load = upsert = nothing


class Failing(Fake):
    title = "Failing"

    def fail(self):
        raise SystemFailed("it broke")


class Missing(Fake):
    title = "Missing"

    def start(self):
        raise OSError("not installed")


def test_a_failing_peer_is_left_out_and_the_run_goes_on(tmp_path):
    sizes = Sizes(rows=1, scan_rows=1, wide_rows=1, document_rows=1, keys=(1,), batch_rows=1, rounds=3, seconds=1, is_quick=True)
    course = Course(sizes, None, tmp_path, [Fake, Failing, Missing], minutes=1)
    course.start_systems()

    def refuse():
        raise NotOffered("no such thing")

    def work(course):
        figure = course.figure("x", "x", "rows/s")
        course.race(figure, [("Freshet", course.systems["Freshet"], lambda: 5), ("Failing", course.systems["Failing"], course.systems["Failing"].fail),
                             ("Other", course.systems["Freshet"], refuse)])

    course.run("first", "first", work)
    assert course.figures[0].samples == {"Freshet": [5, 5, 5]}
    assert course.figures[0].left_out == {"Failing": "it broke", "Other": "no such thing"}
    assert list(course.out) == ["Missing"]
    broken = course.systems["Failing"]
    course.run("second", "second", lambda course: None)
    assert course.systems["Failing"] is not broken, "it starts anew for the next workload"


def test_a_small_run_measures_checks_and_reports(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bench.run", "--only", "loads,upserts,deletes", "--rows", "2000", "--keys", "2000", "--rounds", "2",
         "--without", "clickhouse,mariadb,postgres,rocksdb", "--out", tmp_path],
        cwd=ROOT / "tests", capture_output=True, text=True, timeout=RUN_SECONDS_MAX)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["disagreements"] == [] and all("flights" in text for text in results["skipped"])
    loads = next(figure for figure in results["figures"] if figure["name"] == "load orders csv")
    assert set(loads["samples"]) == {"Freshet", "Freshet, DUPLICATE table", "DuckDB", "DuckDB, no key"}
    assert len([figure for figure in results["figures"] if figure["name"].startswith("upsert ")]) == 6
    assert pathlib.Path(tmp_path / "ratios.svg").read_text().startswith("<svg")
