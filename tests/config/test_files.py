"""Folders and files as operators leave them: missing, misnamed, of the wrong shape."""

import os
from pathlib import Path

import pytest

from acd.config.files import beside, shown
from acd.config.loader import load
from acd.errors import ConfigError
from tests.config.conftest import TODAY, Small


def test_a_missing_folder_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "nowhere", today=TODAY)
    (problem,) = refused.value.problems
    assert problem.what == "there is no such folder of configuration"


@pytest.mark.parametrize("name", ["acd.yaml", "queues.yaml", "skills.yaml", "agents.yaml"])
def test_a_missing_file_is_told_and_the_others_are_checked(small: Small, name: str) -> None:
    (small.root / "config" / name).unlink()
    small.edit("ivr_menus/main.yaml", "otherwise: {queue: billing}", "otherwise: {}")
    told = small.told()
    assert f"config/{name}: the file is missing; create it" in told
    assert any(problem.startswith("ivr_menus/main.yaml:9:1: ") for problem in told)


def test_a_missing_folder_of_menus_is_told(small: Small) -> None:
    for path in (small.root / "ivr_menus").iterdir():
        path.unlink()
    assert small.told() == ["ivr_menus: the folder holds no menu; add main.yaml"]
    (small.root / "ivr_menus").rmdir()
    assert small.told() == [
        "ivr_menus: the folder of menus cannot be read: No such file or directory; "
        'acd.yaml names it under "menus"'
    ]


def test_a_file_that_would_be_passed_over_is_told(small: Small) -> None:
    small.write("ivr_menus/meter.yml", "menu: meter\n")
    assert small.told() == [
        "ivr_menus/meter.yml: the file would not be read because of its ending; "
        "rename it to meter.yaml"
    ]


def test_a_folder_in_place_of_a_file_is_told(small: Small) -> None:
    (small.root / "ivr_menus/other.yaml").mkdir()
    assert small.told() == [
        "ivr_menus/other.yaml: the file cannot be read: Is a directory; check its owner and mode"
    ]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("agents", "agents:\n- id: x\n", "1:1: the file must be a list; "
         "write entries that begin with -"),
        ("queues", "- fault\n", "1:1: the file must be a mapping; "
         "write lines of the form name: {...}"),
        ("skills", "just text", "1:1: the file must be a mapping; "
         "write lines of the form name: {...}"),
        ("acd", "[1]", "1:1: must be a mapping; write lines of the form key: value below it"),
        ("agents", "- x\n", "1:3: entry 1 must be a mapping; "
         "write lines of the form key: value below it"),
        ("agents", "-\n", "1:2: entry 1 is empty; write at least id, name, phone"),
        ("queues", "fault:\n", '1:1: "fault" is empty; write at least label'),
    ],
)  # fmt: skip
def test_a_file_of_the_wrong_shape_is_told(
    small: Small, name: str, text: str, problem: str
) -> None:
    small.write(f"config/{name}.yaml", text)
    assert f"config/{name}.yaml:{problem}" in small.told()


def test_a_hopeless_file_is_told_in_short(small: Small) -> None:
    small.write("config/agents.yaml", "- x\n" * 10_000)
    small.write("config/queues.yaml", "".join(f"q{number}: 1\n" for number in range(10_000)))
    told = small.told()
    assert sum(problem.startswith("config/agents.yaml:") for problem in told) == 101
    assert sum(problem.startswith("config/queues.yaml:") for problem in told) == 101


def test_a_name_that_cannot_be_one_is_told(small: Small) -> None:
    text = (small.root / "config/skills.yaml").read_text(encoding="utf-8")
    small.write("config/skills.yaml", text + "Ü 2: {label: {de: x, en: y}}\n")
    assert small.told() == [
        'config/skills.yaml:5:1: "Ü 2" cannot be a name; '
        "small letters, digits and _, a letter first, at most 32, or two parts like language.en"
    ]


def test_folders_of_menus_and_prompts_lie_where_acd_yaml_says(small: Small) -> None:
    (small.root / "ivr_menus").rename(small.root / "config" / "dialogue")
    small.edit(
        "config/acd.yaml", "service_name", "menus: dialogue\nprompts: ../audio\nservice_name"
    )
    loaded = small.load()
    assert loaded.menus_dir == small.root / "config/dialogue"
    assert loaded.prompts_dir == small.root / "audio"


def test_folders_given_win_over_acd_yaml(small: Small, tmp_path: Path) -> None:
    (small.root / "ivr_menus").rename(small.root / "menus")
    config = small.root / "config"
    loaded = load(config, small.root / "menus", tmp_path / "p", today=TODAY, need_prompts=False)
    assert loaded.prompts_dir == tmp_path / "p"


def test_files_are_called_as_one_would_type_them(
    monkeypatch: pytest.MonkeyPatch, small: Small
) -> None:
    monkeypatch.chdir(small.root)
    (small.root / "config/queues.yaml").unlink()
    with pytest.raises(ConfigError) as refused:
        load(Path("config"), today=TODAY, need_prompts=False)
    assert refused.value.problems[0].file == os.path.join("config", "queues.yaml")
    assert shown(Path("config")) == "config"
    assert beside(Path("config"), "../ivr_menus") == Path("ivr_menus")
    assert beside(Path("."), "../ivr_menus") == Path("../ivr_menus")
