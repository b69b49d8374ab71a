"""The documents say what the code does, where that can be checked."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from edge.config import Config, load, reference

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLE = ROOT / "firmware_configs" / "face-gate.toml"


def by_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_table_of_options_is_that_of_the_code() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    table = text[text.index("| option |") :]
    assert table == reference() + "\n", "make it again: the command is at the file's head"


def test_the_example_configuration_loads_and_names_every_option() -> None:
    load(EXAMPLE)
    text = EXAMPLE.read_text(encoding="utf-8")
    shown = re.sub(r"^#(?=\w+ = )", "", text, flags=re.MULTILINE)
    defaults = Config().model_dump(mode="json")
    set_by_default = {
        section: {option: value for option, value in options.items() if value is not None}
        for section, options in defaults.items()
        if options is not None  # a command writes it, nobody types it
    }
    assert tomllib.loads(shown) == set_by_default, "defaults shown differ from edge/config.py"


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    # Links only: pictures are made by the demonstration.
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{target} is not there"


@pytest.mark.parametrize("document", DOCUMENTS, ids=by_name)
def test_commands_name_modules_that_exist(document: Path) -> None:
    for module in re.findall(r"python3? -m ([\w.]+)", document.read_text(encoding="utf-8")):
        assert importlib.util.find_spec(module) is not None, f"there is no module {module}"
