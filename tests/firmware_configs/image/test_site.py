"""A site's file: what it may say, and what it is told when it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_configs.errors import BoardError
from firmware_configs.image import network, site

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDs somebody"


def load(tmp_path: Path, text: str) -> site.Site:
    path = tmp_path / "site.toml"
    path.write_text(text)
    return site.load(path)


def test_without_a_file_there_is_no_key_no_network_and_no_password() -> None:
    bare = site.load(None)
    assert bare.admin.password_hash is None
    assert bare.admin.ssh_keys == ()
    assert not bare.ssh.enabled
    assert not any(path.endswith(".network") for path in network.units(bare))


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "update.pub").write_text("key")
    (tmp_path / "etc").mkdir()
    text = '[update]\npublic_key = "update.pub"\n[[add]]\nsource = "etc"\ndest = "/etc"\n'
    read = load(tmp_path, text)
    assert read.update.public_key == tmp_path / "update.pub"
    assert read.add[0].source == tmp_path / "etc"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("host_nmae = 'x'", "host_nmae"),
        ("host_name = 'Door 1'", "host_name"),
        ("[admin]\npassword_hash = 'secret'", "password_hash"),
        ("[admin]\nssh_keys = ['AAAA']", "ssh_keys"),
        ("[ssh]\nenabled = true", r"admin\.ssh_keys"),
        (f"[admin]\nssh_keys = ['{KEY}']\n[ssh]\nenabled = true", r"\[\[network\]\]"),
        ("[[network]]\ninterface = 'eth0'", "dhcp"),
        ("[[network]]\ninterface = 'eth0\\n'\ndhcp = true", "interface"),
        ("[[add]]\nsource = 'none'\ndest = '/etc/x'", "there is no .*none"),
        ("[[add]]\nsource = '.'\ndest = 'etc'", "dest"),
        ("[update]\npublic_key = 'none.pub'", "there is no .*none.pub"),
        ("[kernel]\nmodules = ['none.ko']", "there is no .*none.ko"),
        ("[kernel]\narguments = ['two words']", "arguments"),
        ("x = ", "site.toml"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BoardError, match=says):
        load(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match=r"gone\.toml"):
        site.load(tmp_path / "gone.toml")


def test_an_interface_becomes_networkds_file(tmp_path: Path) -> None:
    text = (
        "[[network]]\ninterface = 'eth0'\naddresses = ['10.0.0.5/24']\ngateway = '10.0.0.1'\n"
        "dns = ['10.0.0.1']\nntp = ['10.0.0.1']\n"
    )
    files = network.units(load(tmp_path, text))
    unit = files["etc/systemd/network/50-site-0.network"]
    assert "Name=eth0" in unit and "Address=10.0.0.5/24" in unit and "DHCP=no" in unit
    assert files["etc/resolv.conf"] == "nameserver 10.0.0.1\n"
    assert "NTP=10.0.0.1" in files["etc/systemd/timesyncd.conf.d/50-site.conf"]


@pytest.mark.parametrize("text", ["nocolon", ":/etc/x", "file:etc/x"])
def test_an_addition_is_source_and_destination(text: str) -> None:
    with pytest.raises(BoardError, match="SRC:DEST"):
        site.parse_add(text)


def test_an_addition_may_have_a_colon_in_its_source(tmp_path: Path) -> None:
    source = tmp_path / "a:b"
    source.write_text("")
    assert site.parse_add(f"{source}:/etc/x").source == source
