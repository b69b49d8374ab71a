"""What can be built for, and which variants must be found where."""

import re
from pathlib import Path

import pytest

from edge.errors import UsageError
from firmware_configs.cross.targets import KERNELS, ROOT, TARGETS, expected_variants, target_of

ARM64 = TARGETS["arm64"]


def variants(root: Path, **sets_of: str) -> Path:
    """A tree with a file for each of the sets that a kernel is said to have."""
    for folder in KERNELS.values():
        for name in ("baseline", *sets_of.get(folder, "").split()):
            file = root / "native" / "src" / folder / f"{name}.cpp"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    return root


@pytest.mark.parametrize(
    ("widest", "index", "align"),
    [
        ("baseline", "baseline", "baseline"),
        ("neon", "neon", "neon"),
        ("dotprod", "dotprod", "neon"),
        ("i8mm", "dotprod", "neon"),
    ],
)
def test_a_kernel_uses_its_widest_variant_that_the_processor_has(tmp_path, widest, index, align):
    sources = variants(tmp_path, scan="neon dotprod avx2", align="neon")
    must = {"align": align, "boxes": "baseline", "match": "baseline", "index": index}
    assert expected_variants(ARM64, widest, sources) == must


def test_the_kernels_are_those_that_native_names():
    import native

    assert set(native.dispatch()) == set(KERNELS)


def test_the_sets_of_arm64_are_those_of_the_kernels():
    source = (ROOT / "native" / "src" / "dispatch.cpp").read_text()
    [names] = re.findall(r"__aarch64__\)\s+constexpr [^{]*\{([^}]*)\}", source)
    assert tuple(re.findall(r'"(\w+)"', names)) == ARM64.sets


@pytest.mark.parametrize("arch", TARGETS)
def test_each_has_its_toolchain_and_processors_of_its_sets(arch):
    target = TARGETS[arch]
    assert f"set(FACEGATE_TRIPLE {target.triple})" in target.toolchain.read_text()
    assert {one.widest for one in target.processors} <= set(target.sets)
    # Every set but the plainest, which only a forced name selects, is some processor's.
    assert {one.widest for one in target.processors} >= set(target.sets[1:])


def test_what_is_unknown_is_refused_by_name():
    with pytest.raises(UsageError, match="need one of arm64, armhf, got 'mips'"):
        target_of("mips")
    with pytest.raises(UsageError, match=r"cortex-a72.*got 'cortex-a9'"):
        ARM64.processor("cortex-a9")
