"""Drawings laid out by Graphviz's ``dot`` and written as SVG; all menus into a folder.

Rules: whatever stands in a menu is text in the picture, never a word of Graphviz's language.
"""

import subprocess
from pathlib import Path
from typing import Final

from acd.core.ids import MenuId
from acd.core.plan import MenuPlan
from acd.errors import OperatorError
from acd.menugraph import Drawing, Shape, draw, mermaid

_PROGRAM: Final = "dot"
_LONGEST_SECONDS: Final = 60.0

_SHAPES: Final = {
    Shape.START: "shape=circle",
    Shape.ASK: "shape=hexagon",
    Shape.BRANCH: "shape=diamond",
    Shape.STEP: "shape=box",
    Shape.END: "shape=box, style=rounded",
}


def dot(drawing: Drawing) -> str:
    """Return it in Graphviz's language."""
    lines = [
        "digraph {",
        '    node [fontname="sans-serif", fontsize=11]',
        '    edge [fontname="sans-serif", fontsize=10]',
    ]
    lines += [
        f"    {box.name} [label={_quoted(box.text)}, {_SHAPES[box.shape]}]" for box in drawing.boxes
    ]
    lines += [
        f"    {begin} -> {end} [label={_quoted(label)}]" for begin, label, end in drawing.arrows
    ]
    return "\n".join([*lines, "}"]) + "\n"


def svg(drawing: Drawing) -> str:
    """Return it as SVG. Raises OperatorError when Graphviz is not there or does not do it."""
    try:
        done = subprocess.run(
            [_PROGRAM, "-Tsvg"],
            input=dot(drawing).encode(),
            capture_output=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise OperatorError(
            f'the program "{_PROGRAM}" is not here: install the package graphviz, '
            "or draw with --mermaid, which needs no program"
        ) from None
    except subprocess.TimeoutExpired:
        raise OperatorError(
            f'"{_PROGRAM}" took longer than {_LONGEST_SECONDS:g} seconds: draw with --mermaid'
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise OperatorError(f'"{_PROGRAM}" ended with {done.returncode}: {said or "no word"}')
    return done.stdout.decode()


def picture(menu: MenuPlan, *, as_mermaid: bool) -> str:
    """Return the picture of one menu. Raises OperatorError as ``svg`` does."""
    return mermaid(draw(menu)) if as_mermaid else svg(draw(menu))


def write_pictures(menus: list[MenuPlan], folder: Path, *, as_mermaid: bool) -> list[Path]:
    """Write a file for each menu and return them; those of the same names are replaced.

    Raises OperatorError when that cannot be done.
    """
    ending = "mmd" if as_mermaid else "svg"
    drawn = {
        folder / f"{_file_name(menu.id)}.{ending}": picture(menu, as_mermaid=as_mermaid)
        for menu in menus
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in drawn.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{error.filename} cannot be written: {error.strerror}") from None
    return list(drawn)


def _file_name(menu: MenuId) -> str:
    """Return ``agent-33`` for the code ``agent/*33``: no file has a star or a slash in its name."""
    return menu.replace("/*", "-").replace("*", "-")


def _quoted(text: str) -> str:
    # In a label a backslash and an ampersand begin something, and a quote ends it.
    escaped = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
