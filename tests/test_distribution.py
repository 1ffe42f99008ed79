"""What a distribution says of itself: what it is made of, its licences, its pages; and which ABI it is built for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest
from test_packaging import PACKAGE, ROOT, clean_environment, installed, run_setup, setup_cfg

TEMPLATE = ROOT / PACKAGE / "_scaffold" / "template"

needs_cargo = pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not installed")


def bill(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "sbom.cdx.json").read_text(encoding="utf-8"))


# --- what it is made of


@pytest.mark.once
@needs_cargo
@pytest.mark.parametrize("folder", [ROOT, TEMPLATE], ids=["ours", "template"])
def test_the_bill_of_materials_and_the_licences_are_those_of_the_lock_file(folder: Path) -> None:
    licences = pytest.importorskip("licences")
    for path, text in licences.files(folder).items():
        assert path.read_text(encoding="utf-8") == text, f"run tools/licences.py {folder}: {path.name}"


@pytest.mark.once
@needs_cargo
def test_the_bill_and_the_licences_name_crates_as_cargo_knows_them() -> None:
    """Each is a normal dependency of one that is named. (Cargo's metadata hold all features of these, so not the reverse.)"""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--features", "python,net"]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    metadata = json.loads(done.stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    needs = {
        node["id"]: {
            dependency["pkg"]
            for dependency in node["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        }
        for node in metadata["resolve"]["nodes"]
    }
    purls = {key: f"pkg:cargo/{package['name']}@{package['version']}" for key, package in packages.items()}
    allowed = {purls[key]: {purls[need] for need in needed} for key, needed in needs.items()}
    document = bill(ROOT)
    own = document["metadata"]["component"]
    allowed[own["bom-ref"]] = allowed[f"pkg:cargo/{PACKAGE}@{own['version']}"]
    assert len(document["components"]) > 80
    for entry in document["dependencies"]:
        assert set(entry["dependsOn"]) <= allowed[entry["ref"]], entry["ref"]
    text = (ROOT / "LICENSE-THIRD-PARTY").read_text(encoding="utf-8")
    licences = {(package["name"], package["version"]): package["license"] for package in packages.values()}
    for part in document["components"]:
        name, expression = part["name"], part["licenses"][0]["expression"]
        assert expression == re.sub(" ?/ ?", " OR ", licences[name, part["version"]])
        line = rf"^{re.escape(name)} {re.escape(part['version'])} +{re.escape(expression)}$"
        assert re.search(line, text, re.M), name
        # Above its text.
        assert re.search(rf"^-+\n(.*, )?{re.escape(name)}(, .*)?\n-+$", text, re.M), name


def test_the_bill_is_whole() -> None:
    """Every part is there once, and what a part needs is there."""
    document = bill(ROOT)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    own = document["metadata"]["component"]
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    sums = {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}
    assert own["version"] == setup_cfg()["metadata"]["version"]
    parts = [own["bom-ref"], *(part["bom-ref"] for part in document["components"])]
    assert len(set(parts)) == len(parts)
    assert [entry["ref"] for entry in document["dependencies"]] == parts
    for entry in document["dependencies"]:
        assert set(entry["dependsOn"]) <= set(parts), entry["ref"]
    for part in document["components"]:
        (found,) = part["hashes"]
        assert found == {"alg": "SHA-256", "content": sums[part["name"], part["version"]]}
        assert part["purl"] == f"pkg:cargo/{part['name']}@{part['version']}"
        assert "/" not in part["licenses"][0]["expression"] and part["licenses"][0]["expression"]


# --- what is installed


def test_an_installation_has_its_bill_of_materials_where_tools_look_for_it() -> None:
    distribution, files = installed()
    (name,) = [name for name in files if "/sboms/" in name]
    assert re.search(rf"\.dist-info/sboms/{PACKAGE}\.cdx\.json$", name)
    text = Path(str(distribution.locate_file(name))).read_text(encoding="utf-8")
    assert json.loads(text) == bill(ROOT)


def test_the_bill_names_every_crate_that_the_extension_has_a_path_of() -> None:
    distribution, files = installed()
    content = extension(distribution, files)
    found = set(re.findall(rb"cargo/registry/src/[^/]+/([A-Za-z0-9_-]+?)-([0-9][A-Za-z0-9.+-]*)/", content))
    assert len(found) > 10
    named = {(part["name"], part["version"].partition("+")[0]) for part in bill(ROOT)["components"]}
    assert {(name.decode(), version.decode().partition("+")[0]) for name, version in found} <= named


def extension(distribution: Distribution, files: set[str]) -> bytes:
    (name,) = [name for name in files if re.search(rf"^{PACKAGE}/{PACKAGE}\..*(so|pyd)$", name)]
    return Path(str(distribution.locate_file(name))).read_bytes()


def test_the_metadata_name_the_licence_and_lead_somewhere() -> None:
    distribution, _ = installed()
    metadata = distribution.metadata
    # The first of the two is that of setuptools 77 and newer.
    assert (metadata["License-Expression"] or metadata["License"]) == "MIT OR Apache-2.0"
    assert {"LICENSE-MIT", "LICENSE-APACHE", "LICENSE-THIRD-PARTY"} == set(metadata.get_all("License-File"))
    description = metadata["Description"] or str(metadata.get_payload())
    links = re.findall(r"\]\(([^)]*)\)", description)
    assert len(links) > 5
    source = dict(re.findall(r"(\w+) = (\S+)", setup_cfg()["metadata"]["project_urls"]))["Source"]
    for link in links:
        assert link.startswith(("https://", "#")), link
        if link.startswith(source):
            assert (ROOT / link.removeprefix(source).lstrip("/")).exists(), link


def test_the_extension_is_stripped_and_says_nothing_of_the_machine_that_made_it() -> None:
    distribution, files = installed()
    content = extension(distribution, files)
    machine = {str(Path.home()), str(ROOT), "/root/", "/home/", "/Users/", "\\Users\\"} - {"/"}
    for folder in machine:
        place = content.find(folder.encode())
        assert place < 0, content[max(place - 50, 0) : place + 100]
    # As panics name them.
    assert b"cargo/registry/src" in content or b"cargo/vendor" in content
    if content.startswith(b"\x7fELF"):
        assert b"\0.dynsym\0" in content and b"\0.symtab\0" not in content


# --- which ABI


@pytest.mark.parametrize(
    ("python", "free_threaded", "setuptools", "limited_api", "feature"),
    [
        ((3, 11), False, "65.5.0", "cp311", False),
        ((3, 14), False, "84.2.1", "cp311", False),
        ((3, 15), False, "84.2.1", "cp311", False),
        ((3, 13), True, "84.2.1", None, False),
        ((3, 14), True, "84.2.1", None, False),
        ((3, 15), True, "84.1.0", None, False),
        ((3, 15), True, "84.2", "cp315", True),
        ((3, 15), True, "84.2.1", "cp315", True),
        ((3, 16), True, "100.0.0", "cp315", True),
    ],
)
def test_the_abi_follows_from_the_interpreter_and_setuptools(
    python: tuple[int, int], free_threaded: bool, setuptools: str, limited_api: str | None, feature: bool
) -> None:
    pytest.importorskip("setuptools_rust", reason="building needs setuptools_rust")
    fakes = f"""
import json, setuptools, setuptools_rust, sysconfig
real = sysconfig.get_config_var
sysconfig.get_config_var = lambda name: {int(free_threaded)} if name == 'Py_GIL_DISABLED' else real(name)
setuptools.__version__ = {setuptools!r}
setuptools.setup = lambda **given: print(json.dumps([given['options'], given['rust_extensions'][0].features]))
sys.version_info = {(*python, 0, "final", 0)!r}
"""
    done = run_setup("--version", before=f"exec({fakes!r})")
    assert done.returncode == 0, done.stderr
    options, features = json.loads(done.stdout)
    expected = {"py_limited_api": limited_api}
    commands = ("bdist_wheel", "bdist_wheel_rust_extension") if limited_api else ()
    assert options == dict.fromkeys(commands, expected)
    assert ("pyo3/abi3t-py315" in features) == feature
    assert {"python", "net"} <= set(features)


# --- how it is cited


def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    metadata = setup_cfg()["metadata"]
    for key, value in (
        ("version", metadata["version"]),
        ("title", metadata["name"]),
        ("abstract", f'"{metadata["description"]}"'),
    ):
        assert f"\n{key}: {value}\n" in text, key
