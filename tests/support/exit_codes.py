"""The exit code that follows from what a command says."""


def of_rows(rows):
    """1 when a row's network does not work or its limits are broken."""
    return int(any(_word(row, "function") == "does not work" or _word(row, "limits") == "broken" for row in rows))


def _word(row, name):
    return row[name]["verdict"] if name in row else ""


def of_text(text):
    """The same from the verdicts' lines."""
    return int("function: does not work" in text or "limits: broken" in text)
