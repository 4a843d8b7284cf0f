"""Expressions answer what MariaDB answers (tests/data/expressions, made by scripts/expressions)."""
import pytest

from support import expression_file
from support.expression_answers import answer_all
from support.mariadb_server import MariaDbServer, server_binary


@pytest.mark.parametrize("path", sorted(expression_file.FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_answers_are_those_of_mariadb(server, database, path):
    file = expression_file.ExpressionFile(path)
    connection = server.connect(database, **expression_file.connect_options())
    with connection.cursor() as cursor:
        for statement in file.setup:
            cursor.execute(statement)
    differences = []
    for case in file.cases:
        assert case.answers, f"{path.name}:{case.line} has no answer: scripts/expressions"
        assert bool(case.freshet) == bool(case.reasons), f"{path.name}:{case.line}: a difference needs a reason"
        answers, _ = expression_file.ask(connection, case.query)
        if not expression_file.same_answers(case.expected, answers, case.is_floating):
            differences.append(f"{path.name}:{case.line}: {case.text}\n    wanted {case.expected}\n    got    {answers}")
    connection.close()
    assert not differences, f"{len(differences)} of {len(file.cases)} differ:\n" + "\n".join(differences)


def test_there_are_hundreds():
    assert sum(len(file.cases) for file in expression_file.files()) >= 500


@pytest.mark.full
def test_the_written_answers_are_those_of_this_mariadb():
    assert server_binary(), "scripts/setup --bench installs MariaDB"
    with MariaDbServer() as judge:
        connection = judge.connect(**expression_file.connect_options())
        changes = [change for file in expression_file.files() for change in answer_all(connection, file)]
        connection.close()
    assert not changes, "\n".join(changes)
