"""Every code block of README, docs and tutorials runs as its page says, and prints what the page shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import given_files
from tests.support.page_blocks import Reader, blocks, problems

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FULL = bool(os.environ.get("SPINHOP_FULL"))
WITH_BLOCKS = {
    str(page.relative_to(ROOT)): found
    for page in PAGES
    if (found := blocks(page.read_text(encoding="utf-8"), page.name))
}


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """Somebody in an empty folder, who has the files that pages begin with."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{Path(os.sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return Reader(given_files.GIVEN, whole=FULL)


@pytest.mark.parametrize("page", WITH_BLOCKS)
def test_blocks_of_a_page(page, reader):
    """Without SPINHOP_FULL those that take seconds; the comments on the page say which are left out, and why."""
    reader.read(WITH_BLOCKS[page])


def test_what_is_left_out_has_a_reason():
    assert sum(map(len, WITH_BLOCKS.values())) > 60
    assert [problem for page in WITH_BLOCKS.values() for block in page for problem in problems(block)] == []


GOOD = """
```yaml title="tiny.yaml"
name: tiny
network: {neurons: 3}
```

```
spinhop examples show hopfield_8 > eight.yaml
spinhop process list
```

```text
ebeam … evaporated thin films…
```

```python
n = 3
print(n, "neurons")
```

```text
3 neurons
```

<!-- exit 2: there is none -->
```
spinhop run none.yaml
```
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", ""),
        ("3 neurons\n", "4 neurons\n", "shows '4 neurons'"),
        ("print(n,", "print(m,", "NameError"),
        ("spinhop process list", "spinhop process lst", "exit code 2"),
        ("ebeam …", "ebaem …", "which is not printed"),
        ("<!-- exit 2: there is none -->", "", "exit code 2"),
        ("neurons: 3}", "neurons: 3, colour: red}", "colour"),
    ],
)
def test_a_block_that_fails_or_prints_something_else_is_told(old, new, said, reader):
    page = blocks(GOOD.replace(old, new, 1), "page.md")
    if said:
        with pytest.raises(Exception, match=said):
            reader.read(page)
    else:
        reader.read(page)
        assert reader.ran == 5


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ("<!-- not run -->", "without a reason"),
        ("<!-- proof (spinhop chek): it takes minutes -->", "no line begins with"),
    ],
)
def test_notes_without_a_reason_or_a_line_are_told(notes, said):
    (block,) = blocks(f"{notes}\n```\nspinhop check\n```\n", "page.md")
    assert any(said in problem for problem in problems(block))
