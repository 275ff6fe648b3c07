"""No host of the docs is assumed; where one is known, reports, messages and the terminal lead to its pages."""

from __future__ import annotations

from email.message import Message

import pytest

from spinhop.console import print_verdict
from spinhop.pages import docs_links
from spinhop.pages.report_head import next_paragraph
from spinhop.verdicts.levers import lever_of
from spinhop.verdicts.next_step import NextStep

STEP = NextStep("mend ir.drive first", lever_of("ir.drive"), "ir.drive")
SECTION = "lever-voltage-lost-on-axon-drives"


@pytest.fixture
def said(monkeypatch):
    """What the installed package says of itself."""
    message = Message()
    monkeypatch.setattr(docs_links, "metadata", lambda name: message)
    monkeypatch.delenv(docs_links.VARIABLE, raising=False)
    return message


def test_none_is_assumed(said, capsys):
    said["Project-URL"] = "Source, https://example.org/code"
    assert docs_links.docs_address("levers") is None
    assert docs_links.see("studies", "made-chips") == "see docs/studies.md"
    print_verdict([], STEP)
    assert "more:" not in capsys.readouterr().out and 'href="http' not in next_paragraph(STEP)


def test_published_address_is_that_of_the_package(said, capsys):
    said["Project-URL"] = "Documentation, https://example.org/docs/"
    page = "https://example.org/docs/levers.html"
    assert docs_links.docs_address("levers") == page
    assert docs_links.see("levers", SECTION) == f"see {page}#{SECTION}"
    print_verdict([], STEP)
    assert capsys.readouterr().out.splitlines()[-1] == f"more: {page}#{SECTION}"
    assert f'href="{page}#{SECTION}"' in next_paragraph(STEP)


def test_variable_names_a_folder_or_an_address(said, monkeypatch, tmp_path):
    said["Project-URL"] = "Documentation, https://example.org/docs/"
    monkeypatch.setenv(docs_links.VARIABLE, "https://example.org/mine")
    assert docs_links.docs_address("rules", "m2") == "https://example.org/mine/rules.html#m2"
    site = tmp_path / "a site"
    site.mkdir()
    (site / "rules.html").write_text("")
    monkeypatch.setenv(docs_links.VARIABLE, str(site))
    assert docs_links.docs_address("rules") == f"{tmp_path.as_uri()}/a%20site/rules.html"
    assert docs_links.docs_address("levers") is None  # it has no such page


@pytest.mark.parametrize("base", ["javascript:alert(1)//", "http://example.org", "/none"])
def test_what_is_neither_is_no_address(said, monkeypatch, base):
    monkeypatch.setenv(docs_links.VARIABLE, base)
    assert docs_links.docs_address("levers") is None
