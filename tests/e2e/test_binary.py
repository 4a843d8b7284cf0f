"""The command line itself: what needs no server."""
import subprocess

from support.freshet_server import BINARY


def run(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60)


def test_version_is_printed():
    done = run("version")
    assert done.returncode == 0
    assert done.stdout.startswith("freshet 0.")


def test_unknown_subcommand_is_refused_with_usage():
    done = run("srever")
    assert done.returncode != 0
    assert "srever" in done.stderr or "subcommand" in done.stderr


def test_unknown_option_is_refused():
    assert run("version", "--loud").returncode != 0
