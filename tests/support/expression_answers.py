"""Fills the files of expressions with MariaDB's answers: scripts/expressions."""
import sys

from support import expression_file
from support.mariadb_server import MariaDbServer


def answer_all(connection, file):
    """Asks for every case of a file; what differed before, as texts."""
    changes = []
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS expressions")
        cursor.execute("CREATE DATABASE expressions")
        cursor.execute("USE expressions")
        for statement in file.setup:
            cursor.execute(statement)
    for case in file.cases:
        answers, is_floating = expression_file.ask(connection, case.query)
        if not expression_file.same_answers(case.answers, answers, case.is_floating):
            changes.append(f"{file.path.name}:{case.line}: {case.text}\n  was {case.answers}\n  is  {answers}")
            case.answers, case.is_floating = answers, is_floating
    return changes


def main():
    is_check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not is_check:
        sys.exit("usage: scripts/expressions [--check]")
    changes = []
    with MariaDbServer() as server:
        connection = server.connect(**expression_file.connect_options())
        for file in expression_file.files():
            found = answer_all(connection, file)
            changes += found
            if found and not is_check:
                file.write()
        connection.close()
    print("\n".join(changes))
    print(f"{len(changes)} answers {'differ' if is_check else 'were written'}")
    sys.exit(1 if changes and is_check else 0)


if __name__ == "__main__":
    main()
