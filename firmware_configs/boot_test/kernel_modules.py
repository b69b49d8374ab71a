"""gpio-sim and v4l2loopback for the image's kernel, built from Debian's own packages.

Nothing is installed: apt runs in a folder of its own, the packages are unpacked beside it, and what
comes out is kept per kernel version.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from firmware_configs.errors import BuildError
from firmware_configs.image.tools import call, path_of

HERE = Path(__file__).parent / "modules"
MODULES = ("gpio-sim.ko", "v4l2loopback.ko")
CROSS = "aarch64-linux-gnu-"
TOOLS = ("apt-get", "apt-cache", "dpkg-deb", "make", f"{CROSS}gcc", "xz")
RELEASE = re.compile(r"(\d+\.\d+)\.\d+-\d+-arm64")

_KERNEL_FILES = {
    "drivers/gpio/gpio-sim.c": "gpio-sim-core.c",
    "drivers/gpio/gpiolib.h": "gpiolib.h",
    "kernel/irq/irq_sim.c": "irq_sim.c",
}
_APT = """\
Dir "{root}";
Dir::State "{root}/state";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Dir::Etc "{root}/etc";
Dir::Etc::sourcelist "{sources}";
Dir::Etc::trustedparts "/usr/share/keyrings/";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; "arm64"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
"""


def build(release: str, out: Path) -> tuple[Path, ...]:
    """The modules for kernel `release` (`6.1.0-56-arm64`), from `out` if they are there already.

    Takes about a minute and 150 MB of downloads the first time. Raises ToolMissing, BuildError.
    """
    match = RELEASE.fullmatch(release)
    if match is None:
        raise BuildError(f"kernel {release!r}: a Debian arm64 kernel is named 6.1.0-56-arm64")
    out = out.resolve()
    folder = out / release
    made = tuple(folder / name for name in MODULES)
    if all(path.is_file() for path in made):
        return made
    for tool in TOOLS:
        path_of(tool)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as name:
        work = Path(name)
        packages = _download(release, match[1], work)
        _unpack(packages, work / "tree")
        source = _sources(packages, work)
        headers = work / "tree/usr/src" / f"linux-headers-{release}"
        common = f"linux-headers-{release.removesuffix('arm64')}common"
        # The one absolute path in the package.
        include = work / "tree/usr/src" / common / "Makefile"
        (headers / "Makefile").write_text(f"include {include}\n", encoding="utf-8")
        compiler = f"CC={CROSS}gcc"
        call("make", "-C", headers, f"M={source}", f"CROSS_COMPILE={CROSS}", compiler, "modules")
        ready = work / "ready"
        ready.mkdir()
        for module in MODULES:
            call(f"{CROSS}strip", "--strip-debug", source / module)
            shutil.copy(source / module, ready / module)
        shutil.rmtree(folder, ignore_errors=True)
        ready.rename(folder)
    return made


def _download(release: str, series: str, work: Path) -> dict[str, Path]:
    """The packages by their role. The source is of the very version that the headers have."""
    apt = work / "apt"
    for part in (
        "state/lists/partial",
        "cache/archives/partial",
        "etc/apt.conf.d",
        "etc/preferences.d",
    ):
        (apt / part).mkdir(parents=True)
    (apt / "status").touch()
    config = apt / "apt.conf"
    config.write_text(_APT.format(root=apt, sources=HERE / "sources.list"), encoding="utf-8")
    env = {"APT_CONFIG": str(config)}
    call("apt-get", "update", "-qq", environment=env)
    wanted = f"linux-headers-{release}:arm64"
    about = call("apt-cache", "show", wanted, environment=env)
    version = re.search(r"^Version: (\S+)$", about, re.M)
    if version is None:
        raise BuildError(f"{wanted}: Debian's archive states no version for it")
    common = f"linux-headers-{release.removesuffix('arm64')}common"
    names = {
        "headers": wanted,
        "common": common,
        "kbuild": f"linux-kbuild-{series}:amd64={version[1]}",
        "source": f"linux-source-{series}={version[1]}",
        "loopback": "v4l2loopback-dkms",
    }
    packages = {}
    for role, name in names.items():
        place = work / role
        place.mkdir()
        call("apt-get", "download", "-qq", name, cwd=place, environment=env)
        (packages[role],) = place.glob("*.deb")
    return packages


def _unpack(packages: dict[str, Path], tree: Path) -> None:
    for role in ("headers", "common", "kbuild", "loopback"):
        call("dpkg-deb", "-x", packages[role], tree)


def _sources(packages: dict[str, Path], work: Path) -> Path:
    """A folder that `make` can build both modules in."""
    folder = work / "modules"
    folder.mkdir()
    shutil.copy(HERE / "Kbuild", folder)
    (loopback,) = (work / "tree/usr/src").glob("v4l2loopback-*")
    for file in loopback.glob("v4l2loopback*.[ch]"):
        shutil.copy(file, folder)
    unpack: list[str | Path] = [path_of("dpkg-deb"), "--fsys-tarfile", packages["source"]]
    with subprocess.Popen(unpack, stdout=subprocess.PIPE) as package:
        assert package.stdout is not None
        with tarfile.open(fileobj=package.stdout, mode="r|") as outer:
            _from_kernel(outer, folder)
        package.kill()  # the rest of the package is not needed
    # Not exported to modules; this one is, and does the same for a number that has a descriptor.
    simulated = folder / "irq_sim.c"
    text = simulated.read_text(encoding="utf-8")
    changed = text.replace("handle_simple_irq(irq_to_desc(irqnum))", "generic_handle_irq(irqnum)")
    if changed == text:
        raise BuildError("kernel/irq/irq_sim.c has changed; see kernel_modules.py")
    simulated.write_text(changed, encoding="utf-8")
    return folder


def _from_kernel(outer: tarfile.TarFile, folder: Path) -> None:
    for member in outer:
        if not member.name.endswith(".tar.xz"):
            continue
        inner = outer.extractfile(member)
        assert inner is not None
        left = dict(_KERNEL_FILES)
        with tarfile.open(fileobj=inner, mode="r|xz") as kernel:
            for file in kernel:
                target = left.pop(file.name.partition("/")[2], None)
                if target is not None:
                    found = kernel.extractfile(file)
                    assert found is not None
                    (folder / target).write_bytes(found.read())
                if not left:
                    return
        raise BuildError(f"{member.name} lacks {', '.join(left)}")
    raise BuildError("the kernel's source package holds no .tar.xz")
