"""The command refuses what it cannot do before it does anything."""

import json

import pytest

from firmware_configs.cross.__main__ import main


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "VERB"),
        (["build", "--arch", "mips"], 2, "need one of arm64, armhf"),
        (["test", "--arch", "armhf"], 2, "the C++ tests do: --only cpp"),
        (["test", "--cpu", "cortex-a9"], 2, "need one of cortex-a53"),
        (["test", "--only", "rust"], 2, "invalid choice"),
    ],
)
def test_wrong_arguments(words, code, said, capsys):
    assert main(words) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["build", "test"])
def test_missing_programs_are_named(verb, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")
    assert main([verb, "--json"]) == 69
    error = json.loads(capsys.readouterr().err)
    assert "crossbuild-essential-arm64" in error["error"]["message"]
