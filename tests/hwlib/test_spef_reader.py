"""Bad SPEF files, one clear line each; what the standard allows beside the plain is taken."""

import os
import re
import time

import pytest

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import read_spef, with_parasitics, write_spef
from hwlib.extraction.spef_reader import SpefNode
from hwlib.schematic import ideal_network, ladder_network

DESIGN = Design(name="tiny", network={"neurons": 2})
HEAD = '*SPEF "IEEE 1481-1998"\n*DELIMITER :\n*C_UNIT 1 FF\n*R_UNIT 1 OHM\n'
NET = HEAD + "*D_NET gnd 1.0\n*CONN\n*P gnd B\n*I soma_0:DW_OUT B\n*RES\n1 gnd soma_0:DW_OUT {}\n*END\n"


@pytest.fixture(scope="module")
def ladder():
    return ladder_network(DESIGN, DESIGN.load_process(), 3.0)


@pytest.fixture(scope="module")
def good(ladder, tmp_path_factory) -> str:
    return write_spef(ladder, tmp_path_factory.mktemp("good") / "wires.spef").read_text()


BROKEN_TEXTS = {
    "another language": ("module top;", "not a SPEF file"),
    "nothing": ("", "not a SPEF file"),
    "no delimiter": ('*SPEF "x"\n*C_UNIT 1 FF\n*R_UNIT 1 OHM\n*D_NET gnd 0\n*END', "no *DELIMITER in the header"),
    "no unit": ('*SPEF "x"\n*DELIMITER :\n*C_UNIT 1 FF\n*D_NET gnd 0\n*END', "no *R_UNIT in the header"),
    "no nets": (HEAD, ":4: the file has no nets"),
    "unknown unit": (HEAD.replace("OHM", "FURLONG"), ":4: *R_UNIT has the unit 'FURLONG', allowed OHM, KOHM"),
    "milli or mega": (HEAD.replace("OHM", "MOHM"), "has the unit 'MOHM', allowed OHM, KOHM"),
    "a unit of 0": (HEAD.replace("1 OHM", "0 OHM"), ":4: *R_UNIT 0 OHM, allowed 1e-6 to 1e6"),
    "a unit twice": (HEAD + "*R_UNIT 1 OHM\n", ":5: *R_UNIT stands twice"),
    "no such divider": (HEAD.replace("*DELIMITER :", "*DELIMITER ,"), ":2: *DELIMITER ',', allowed one of . / : |"),
    "divider and delimiter": (HEAD + "*DIVIDER :\n*D_NET gnd 0\n*END", "*DIVIDER and *DELIMITER are both :"),
    "an index twice": (HEAD + "*NAME_MAP\n*1 gnd\n*1 vdw\n", ":7: *NAME_MAP has '*1' twice"),
    "a name twice": (HEAD + "*NAME_MAP\n*1 gnd\n*2 gnd\n", ":7: *NAME_MAP has 'gnd' twice"),
    "no such index": (HEAD + "*D_NET *9 0\n", ":5: index '*9' is not in *NAME_MAP"),
    "no name": (HEAD + "*D_NET a$b 0\n", ":5: found 'a$b', allowed a name"),
    "an open quote": ('*SPEF "x\n*DELIMITER :\n', "allowed a text in quotes"),
    "a comment without end": (HEAD + "/* ...\n*D_NET gnd 0\n", ":5: a comment that never ends"),
    "cut off in a net": (NET.format(2)[:-5], "the file ends where *END of net 'gnd' was to come; cut off?"),
    "cut off in a row": (NET.format("")[: -len("\n*END\n")], "the file ends where a number of *RES was to come"),
    "a net twice": (2 * (HEAD + "*D_NET gnd 0\n*END\n")[len(HEAD):], "not a SPEF file"),
    "the same net twice": (HEAD + 2 * "*D_NET gnd 0\n*END\n", ":7: net 'gnd' stands twice, first on line 5"),
    "negative": (NET.format(-1), ":10: *RES: -1 ohm, allowed 0 (one node) or 1e-12 to 1e+18"),
    "nan": (NET.format("nan"), ":10: *RES: found 'nan', allowed a number"),
    "too large": (NET.format("1e400"), ":10: *RES: found '1e400', allowed a finite number"),
    "a long number": (NET.format("1" * 500), "*RES: found '111"),
    "a capacitance below 0": (HEAD + "*D_NET gnd -1.0\n*END", "*D_NET: a capacitance of -1e-15 F, allowed 0 to"),
    "a node of nobody": (NET.format(2).replace("1 gnd", "1 vdw:4"), ":10: *RES: 'vdw:4' is no node of net 'gnd'"),
    "an instance as port": (NET.format(2).replace("*P gnd", "*P a:b"), ":7: *P: 'a:b' is not a port"),
    "a port as instance": (NET.format(2).replace("*I soma_0:DW_OUT", "*I soma"), ":8: *I: 'soma' is not instance:pin"),
    "another delimiter": (NET.format(2).replace(":DW", "/DW"), ":8: *I: 'soma_0/DW_OUT' is not instance:pin"),
    "an undeclared port": (NET.format(2).replace("*D_NET", "*PORTS\nvdw B\n*D_NET"), ":9: port 'gnd' is not in *PORTS"),
    "a direction": (NET.format(2).replace("gnd B", "gnd X"), ":7: found 'X', allowed I, O or B"),
    "a pin twice": (NET.format(2).replace("*RES", "*P gnd B\n*RES"), ":9: 'gnd' is connected twice, first on line 7"),
    "a far place": (NET.format(2).replace("gnd B", "gnd B *C 1e300 0"), "*C: a coordinate beyond 1e+09"),
    "a reduced net": (HEAD + "*R_NET gnd 0\n", ":5: found '*R_NET', allowed *D_NET; a reduced net has no wires"),
    "inductances": (NET.format(2).replace("*RES", "*INDUC"), "allowed *CAP, *RES, *END; inductances are not simulated"),
    "another file": (HEAD + "*DEFINE a b\n", "one flat file is read, no other blocks' files"),
    "a section twice": (NET.format(2).replace("*END", "*RES\n*END"), ":11: found '*RES', allowed *CAP, *END"),
    "a word for a row": (NET.format(2).replace("1 gnd", "one gnd"), ":10: found 'one', allowed the number of a row"),
    "an endless line": (HEAD + "*D_NET " + "g" * 5000, ":5: a line of 5007 characters, allowed 4096"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN_TEXTS)
def test_a_file_that_cannot_be_used_is_refused_by_its_line(tmp_path, what):
    text, message = BROKEN_TEXTS[what]
    (tmp_path / "bad.spef").write_text(text)
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        read_spef(tmp_path / "bad.spef")
    assert len(caught.value.lines) == 1 and str(caught.value).startswith(str(tmp_path)[:1])


FOREIGN = {
    "a net of nobody": (r"\*1 gnd", "*1 clk", "net 'clk' is not of design 'tiny'"),
    "nets missing": (r"(?s)\n\*D_NET \*2 .*?\*END", "", "net vdw of design 'tiny' missing"),
    "cut off between nets": (r"(?s)\n\*D_NET \*4 .*", "\n", "nets dend_1, drive_0, drive_1 and 2 more of design"),
    "no such device": (r" soma_1\b", " soma_2", "'soma_2' is no device of this design"),
    "another tool's device": (r" soma_1\b", " X17/M0", "'X17/M0' is no device of this design (soma_0"),
    "another name": (r" soma_1\b", " u17", "'u17' is no device of this design (soma_0, axon_1_0"),
    "no such terminal": (r":DW_OUT\b", ":VSS", ":VSS': allowed terminals DW_IN, DW_OUT, MTJ_IN, MTJ_OUT"),
    "terminals of two nets swapped": (r"\*1 gnd\n\*2 vdw", "*1 vdw\n*2 gnd", "is on net gnd, in this design on vdw"),
    "a terminal without a node": (r"(?m)^\*I \S+:DW_IN .*\n", "", "is no node of net"),
    "no port": (r"(?m)^\*P \*2 .*\n", "", "is no node of net 'vdw'"),
    "a resistor missing": (r"(?m)^1 (\S+) (\S+) 3\.0\n", "", "falls apart: no resistors lead to 1 of its nodes"),
}  # fmt: skip


@pytest.mark.parametrize("what", FOREIGN)
def test_a_file_of_another_design_is_refused(ladder, good, tmp_path, what):
    pattern, put, message = FOREIGN[what]
    changed = re.sub(pattern, put, good, count=0 if what == "no such terminal" else 1)
    assert changed != good
    (tmp_path / "bad.spef").write_text(changed)
    with pytest.raises(InputError, match=re.escape(message)):
        with_parasitics(ladder, read_spef(tmp_path / "bad.spef"))


def test_terminals_and_ports_may_not_be_left_out(tmp_path):
    ideal = ideal_network(DESIGN, DESIGN.load_process())
    text = write_spef(ideal, tmp_path / "ideal.spef").read_text()
    lost = re.sub(r"(?m)^\d+ \S+ \*\d+:MTJ_OUT 0.0\n", "", re.sub(r"(?m)^\*I \S+:MTJ_OUT .*\n", "", text))
    (tmp_path / "lost.spef").write_text(re.sub(r"\*RES\n\*END", "*END", lost))
    with pytest.raises(InputError, match=r"device terminals soma_0:MTJ_OUT, axon_0_1:MTJ_OUT, .* and 1 more on no net"):
        with_parasitics(ideal, read_spef(tmp_path / "lost.spef"))
    portless = re.sub(r"(?m)^\*P \*2 B\n", "", text.replace("*RES\n1 *2 ", "*RES\n1 *2:1 "))
    (tmp_path / "portless.spef").write_text(re.sub(r"(?m)^(\d+) \*2 ", r"\1 *2:1 ", portless))
    with pytest.raises(InputError, match="net vdw has no port"):
        with_parasitics(ideal, read_spef(tmp_path / "portless.spef"))


@pytest.mark.parametrize("ends", ["\r", "\r\n"])
def test_lines_of_other_systems_are_lines(tmp_path, ends):
    """A file whose lines end with CR alone was one line, refused for its length."""
    text = NET.format(1)
    for name, content in (("plain.spef", text), ("other.spef", text.replace("\n", ends))):
        (tmp_path / name).write_bytes(content.encode())
    assert read_spef(tmp_path / "other.spef").nets == read_spef(tmp_path / "plain.spef").nets
    (tmp_path / "other.spef").write_bytes((text + "junk\n").replace("\n", ends).encode())
    with pytest.raises(InputError, match=rf"other.spef:{len((text + 'junk').splitlines())}: found 'junk'"):
        read_spef(tmp_path / "other.spef")


def test_what_is_no_file_or_too_large_is_refused_at_once(tmp_path):
    with pytest.raises(InputError, match="no such SPEF file"):
        read_spef(tmp_path / "none.spef")
    os.mkfifo(tmp_path / "pipe.spef")
    with pytest.raises(InputError, match="it is a FIFO"):
        read_spef(tmp_path / "pipe.spef")
    (tmp_path / "binary.spef").write_bytes(b'*SPEF "x"\n\x89\xff\0')
    with pytest.raises(InputError, match="not UTF-8 text"):
        read_spef(tmp_path / "binary.spef")
    with (tmp_path / "large.spef").open("wb") as file:
        file.truncate(100 * 2**20)
    began = time.process_time()
    with pytest.raises(InputError, match="SPEF file is larger than 64 MiB"):
        read_spef(tmp_path / "large.spef")
    (tmp_path / "small.spef").write_text(NET.format(1))
    with pytest.raises(InputError, match="larger than 0 KiB"):
        read_spef(tmp_path / "small.spef", largest=20)
    assert time.process_time() - began < 1


def test_what_the_standard_allows_is_read(tmp_path):
    text = NET.replace("OHM", "KOHM").replace(
        "*D_NET", "*POWER_NETS vdw\n*GROUND_NETS gnd\n*PORTS\ngnd B *C 1 2 *L 0.1\n*D_NET"
    )
    text = text.replace("DW_OUT B", "DW_OUT B *C 1.0 2.0 *L 0.5 *S 1.0 0.2 0.8 *D DWMTJ").format("1.0:2.0:4.0")
    text = text.replace("*RES", "*CAP\n1 gnd 2.5 // to ground\n2 gnd:1\n   /* far */ vdw:1 1.5\n*RES\n2 gnd:1 gnd 0.0")
    (tmp_path / "a.spef").write_text("// first a comment\n" + text, newline="\r\n")
    net = read_spef(tmp_path / "a.spef").nets["gnd"]
    assert [(str(row.first), str(row.second), row.value) for row in net.resistors] == [
        ("gnd:1", "gnd", 0.0), ("gnd", "soma_0:DW_OUT", 2000.0)
    ]  # fmt: skip
    assert [row.second for row in net.capacitors] == [None, SpefNode("vdw", "1")]
    assert [row.value for row in net.capacitors] == pytest.approx([2.5e-15, 1.5e-15], rel=1e-12)
    assert net.places == {SpefNode("soma_0", "DW_OUT"): (1.0, 2.0)}


def test_a_coupling_counts_once_the_larger_of_both_its_nets(ladder, good, tmp_path):
    own = re.sub(r"(?m)^(\*D_NET \*1 \S+\n(?:\*[CPIN].*\n)*)", r"\1*CAP\n1 *1 *2 2.0\n2 *1 5.0\n", good)
    both = re.sub(r"(?m)^(\*D_NET \*2 \S+\n(?:\*[CPIN].*\n)*)", r"\1*CAP\n1 *2 *1 3.0\n", own)
    assert good != own != both
    for text, farad in ((own, 2e-15), (both, 3e-15)):
        (tmp_path / "c.spef").write_text(text)
        network = with_parasitics(ladder, read_spef(tmp_path / "c.spef"))
        assert network.coupling_nets.tolist() == [[0, 1]] and network.coupling_farad == pytest.approx([farad])
        assert network.net_capacitance[0] == pytest.approx(5e-15) and network.net_capacitance[1:].sum() == 0
