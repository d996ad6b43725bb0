"""Menus as SVG: what a menu says is text in the picture, and a missing program is told."""

import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from acd.core.ids import MenuId, NodeId, PromptId
from acd.core.plan import AgentAction, HangUp, MenuPlan, Say
from acd.errors import OperatorError
from acd.layout import dot, picture, svg, write_pictures
from acd.menugraph import draw
from tests.plans import DE, code_menu, login_menu, main_menu

NASTY = 'a"]; evil [URL="javascript:x()" \\N </text><script>alert(1)</script> &lt;b&gt; \\'


@pytest.fixture
def needs_dot() -> None:
    """Fail, rather than skip in silence, where there is no Graphviz."""
    assert shutil.which("dot"), "make lab-install installs it as root, or: apt-get install graphviz"


def saying(text: str) -> MenuPlan:
    end = NodeId("end")
    nodes = {
        NodeId("say"): Say(id=NodeId("say"), prompts=(PromptId(text),), next=end),
        end: HangUp(id=end),
    }
    return MenuPlan(id=MenuId("m"), languages=(DE,), entry=NodeId("say"), nodes=nodes)


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
    """Have a shell script stand for Graphviz."""
    script = folder / "bin" / "dot"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\n{lines}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")


def test_every_box_and_arrow_is_told_to_graphviz() -> None:
    drawing = draw(main_menu())
    text = dot(drawing)
    assert text.count(" -> ") == len(drawing.arrows)
    assert all(f"    {box.name} [label=" in text for box in drawing.boxes)
    assert '[label="queue fault", shape=box, style=rounded]' in text


def test_what_a_menu_says_is_quoted() -> None:
    (line,) = [line for line in dot(draw(saying(NASTY))).splitlines() if "evil" in line]
    assert line == (
        '    n0 [label="a\\"]; evil [URL=\\"javascript:x()\\" \\\\N </text>'
        '<script>alert(1)</script> &amp;lt;b&amp;gt; \\\\", shape=box]'
    )


@pytest.mark.usefixtures("needs_dot")
def test_an_svg_has_the_words_as_they_are_and_nothing_but_text_of_them() -> None:
    found = ET.fromstring(svg(draw(saying(NASTY))))
    words = [text.text for text in found.iter("{http://www.w3.org/2000/svg}text")]
    assert words == [NASTY, "hung up"]
    assert {element.tag.rpartition("}")[2] for element in found.iter()} <= {
        "svg", "g", "title", "polygon", "path", "text"}  # fmt: skip


@pytest.mark.usefixtures("needs_dot")
def test_an_svg_shows_every_box() -> None:
    drawing = draw(login_menu())
    found = ET.fromstring(picture(login_menu(), as_mermaid=False))
    titles = [title.text for title in found.iter("{http://www.w3.org/2000/svg}title")]
    assert {box.name for box in drawing.boxes} <= set(titles)


def test_all_menus_go_into_a_folder_by_names_that_every_system_takes(tmp_path: Path) -> None:
    menus = [main_menu(), *(saying_as(name) for name in ("agent/*33", "agent/*33*1"))]
    written = write_pictures(menus, tmp_path / "new" / "drawn", as_mermaid=True)
    names = [f"{menus[0].id}.mmd", "agent-33.mmd", "agent-33-1.mmd"]
    assert [path.name for path in written] == names
    assert all(path.read_text().startswith("flowchart TD\n") for path in written)


def saying_as(name: str) -> MenuPlan:
    plan = saying("x")
    return MenuPlan(id=MenuId(name), languages=plan.languages, entry=plan.entry, nodes=plan.nodes)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="cannot be written: Not a directory"):
        write_pictures([main_menu()], tmp_path / "file" / "x", as_mermaid=True)


def test_without_graphviz_the_package_and_the_other_way_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match="install the package graphviz, or draw with --mermaid"):
        write_pictures([code_menu("*32", AgentAction.READY)], tmp_path / "drawn", as_mermaid=False)
    assert not (tmp_path / "drawn").exists()


def test_what_graphviz_complains_of_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "echo 'Error: no such font' >&2; exit 3")
    with pytest.raises(OperatorError, match='"dot" ended with 3: Error: no such font'):
        picture(main_menu(), as_mermaid=False)


def test_graphviz_is_given_the_drawing_and_asked_for_svg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, 'echo "$@"; exec cat')
    assert picture(main_menu(), as_mermaid=False) == "-Tsvg\n" + dot(draw(main_menu()))
