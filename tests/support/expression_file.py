"""Files of expressions and MariaDB's answers (tests/data/expressions), and how answers are told and compared.

    # a comment
    ! CREATE TABLE ...        run once before all, by both servers
    > 7 / 2                   an expression; `> SELECT ...` and `> WITH ...` are whole queries
    = 3.5000                  MariaDB's answer, a line for each row, cells between " | "
    =~ 0.1                    the same with floating numbers: compared to 13 digits
    : 4                       what Freshet answers instead, on purpose
    ; why                     and why

NULL is \\N; a failed query answers "error NUMBER".
"""
import dataclasses
import pathlib
import re

import pymysql

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "expressions"
FLOATING_TYPES = {pymysql.constants.FIELD_TYPE.FLOAT, pymysql.constants.FIELD_TYPE.DOUBLE}
RELATIVE_ERROR_MAX = 1e-13


@dataclasses.dataclass
class Case:
    """One expression with its answers."""
    line: int
    text: str
    answers: list = dataclasses.field(default_factory=list)
    is_floating: bool = False
    freshet: list = dataclasses.field(default_factory=list)
    reasons: list = dataclasses.field(default_factory=list)

    @property
    def query(self):
        return self.text if re.match(r"(SELECT|WITH)\b", self.text, re.I) else f"SELECT {self.text}"

    @property
    def expected(self):
        return self.freshet or self.answers


class ExpressionFile:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.lines = self.path.read_text().splitlines()
        self.setup, self.cases = [], []
        for number, line in enumerate(self.lines, 1):
            mark, _, rest = line.partition(" ")
            if mark == "!":
                self.setup.append(rest)
            elif mark == ">":
                self.cases.append(Case(number, rest))
            elif mark in ("=", "=~"):
                self.cases[-1].answers.append(rest)
                self.cases[-1].is_floating |= mark == "=~"
            elif mark == ":":
                self.cases[-1].freshet.append(rest)
            elif mark == ";":
                self.cases[-1].reasons.append(rest)
            elif line and mark != "#":
                raise ValueError(f"{path}:{number}: no line begins with '{mark}'")

    def write(self):
        """The file with the answers that the cases have now."""
        cases = {case.line: case for case in self.cases}
        out = []
        for number, line in enumerate(self.lines, 1):
            if line.startswith(("= ", "=~ ", "=")):
                continue
            out.append(line)
            if number in cases:
                mark = "=~" if cases[number].is_floating else "="
                out.extend(f"{mark} {answer}".rstrip() if not answer else f"{mark} {answer}" for answer in cases[number].answers)
        self.path.write_text("\n".join(out) + "\n")


def files():
    return [ExpressionFile(path) for path in sorted(FOLDER.glob("*.txt"))]


def connect_options():
    """Cells come as the texts that the server sends."""
    return {"conv": {}, "use_unicode": True}


def cell_text(cell):
    if cell is None:
        return "\\N"
    text = cell.decode("utf-8", "backslashreplace") if isinstance(cell, bytes) else str(cell)
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t").replace("\0", "\\0")


def ask(connection, query):
    """(answers, whether a cell is a floating number)."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(query)
            rows = cursor.fetchall()
        except pymysql.Error as error:
            return [f"error {error.args[0]}"], False
        types = [column[1] for column in cursor.description]
    return [" | ".join(cell_text(cell) for cell in row) for row in rows] or ["no rows"], any(kind in FLOATING_TYPES for kind in types)


def same_number(left, right):
    try:
        one, other = float(left), float(right)
    except ValueError:
        return False
    return one == other or abs(one - other) <= RELATIVE_ERROR_MAX * max(abs(one), abs(other))


def same_answers(expected, found, is_floating):
    if expected == found:
        return True
    if not is_floating or len(expected) != len(found):
        return False
    for left, right in zip(expected, found):
        cells = list(zip(left.split(" | "), right.split(" | "), strict=False))
        if left.count(" | ") != right.count(" | ") or not all(a == b or same_number(a, b) for a, b in cells):
            return False
    return True
