"""Answers of a server as text: a line "> QUERY", one line for each row (values as Python writes them), an empty line."""


def _rows(server, query):
    return ["\t".join(repr(value) for value in row) for row in server.sql(query)]


def write_answers(server, queries, path):
    text = "".join(f"> {query}\n" + "".join(row + "\n" for row in _rows(server, query)) + "\n" for query in queries)
    path.write_text(text)


def read_answers(path):
    """Pairs of a query and its rows as text."""
    answers = []
    for part in path.read_text().split("\n\n"):
        if part.strip():
            query, *rows = part.split("\n")
            assert query.startswith("> "), query
            answers.append((query[2:], [row for row in rows if row]))
    return answers


def check_answers(server, answers):
    for query, rows in answers:
        assert _rows(server, query) == rows, query
