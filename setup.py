"""Builds the Rust extension. Everything that can be said without code is in setup.cfg."""

# Written for any Python 3, so that one which is too old can still say so.
import json
import os
import re
import shutil
import sys
import sysconfig

# `python setup.py install` never looks at python_requires, and an extension that was
# built for a Python which is too old fails at import with an undefined symbol.
if sys.version_info < (3, 11):  # noqa: UP036
    found = ".".join(map(str, sys.version_info[:2]))
    sys.exit(f"rust_numpy_example needs Python 3.11 or newer; this is {found}")

try:
    import setuptools
    from setuptools.command.build_py import build_py
    from setuptools.command.egg_info import egg_info
    from setuptools_rust import Binding, RustExtension
except ImportError as error:
    sys.exit(
        f"rust_numpy_example cannot be built without the package {error.name!r}; "
        f"first run: {sys.executable} -m pip install setuptools setuptools-rust wheel"
    )

# Test builds add `faults`; see CONTRIBUTING.md.
features = ["python", "net", *os.environ.get("RUST_NUMPY_EXAMPLE_BUILD_FEATURES", "").split()]

options = {}
# One wheel for every interpreter with a GIL.
limited_api = "cp311"
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    # Without a GIL there is a stable ABI from 3.15 on, in setuptools from 84.2 on. An older
    # one gets a build of its own; that is why this is not in setup.cfg.
    limited_api = ""
    if sys.version_info >= (3, 15) and tuple(map(int, setuptools.__version__.split(".")[:2])) >= (84, 2):
        limited_api = "cp315"
        features.append("pyo3/abi3t-py315")
if limited_api:
    # The second name is the one by which setuptools finds the options of setuptools-rust's
    # command when it starts that anew, which it does in `pip install -e`.
    for command in "bdist_wheel", "bdist_wheel_rust_extension":
        options[command] = {"py_limited_api": limited_api}


class BuildPy(build_py):
    """Ships nothing that an earlier build has left in `build/`, such as a module that has been deleted since."""

    def run(self) -> None:
        """Copy the modules into an empty folder."""
        name = "rust_numpy_example"
        folder = os.path.realpath(os.path.join(self.build_lib, name))
        # `--build-lib .` would be the sources.
        if folder != os.path.realpath(self.get_package_dir(name)):
            shutil.rmtree(folder, ignore_errors=True)
        super().run()


class EggInfo(egg_info):
    """Adds the list of the crates that are linked to the metadata of a wheel or an installation (PEP 770)."""

    def run(self) -> None:
        """Make the metadata, which setuptools takes over whole."""
        folder = os.path.join(self.egg_info, "sboms")
        self.mkpath(folder)
        name = os.path.join(folder, "rust_numpy_example.cdx.json")
        self.copy_file("sbom.cdx.json", name)
        super().run()


# The compiler notes the paths of crates, for messages. Without the folders of this machine, the same bytes come
# out wherever it builds. (Cargo leaves this out where RUSTFLAGS are set: they have to say it then.)
remapped = [os.environ.get("CARGO_HOME") or os.path.join(os.path.expanduser("~"), ".cargo")]
if os.path.isdir(".cargo"):
    # The crates of `sdist --vendor-crates`.
    remapped.append(os.path.abspath(".cargo"))
cargo_args = [
    "--config",
    "build.rustflags=" + json.dumps([f"--remap-path-prefix={path}=cargo" for path in remapped]),
]
# Without symbols: the table of those that Python needs stays.
rustc_flags = ["-Cstrip=symbols"]
if os.environ.get("SETUPTOOLS_RUST_CARGO_PROFILE", "release") != "release":
    # Such as `dev` or `profiling`: not shipped, it keeps its symbols, and `dev` shares the crates with `cargo test`.
    cargo_args, rustc_flags = [], []

# An index page has no files for relative links.
with open("README.md", encoding="utf-8") as readme:
    source = "https://rust-numpy-example.example/source/"
    long_description = re.sub(r"\]\((?![a-z]+:|#)", "](" + source, readme.read())

setuptools.setup(
    long_description=long_description,
    cmdclass={"build_py": BuildPy, "egg_info": EggInfo},
    rust_extensions=[
        RustExtension(
            "rust_numpy_example.rust_numpy_example",
            binding=Binding.PyO3,
            features=features,
            # The same as in Cargo.toml; a test compares them.
            rust_version=">=1.85",
            # A release build, also where setuptools-rust would make a debug one: `pip install -e`.
            debug=False,
            rustc_flags=rustc_flags,
            cargo_manifest_args=["--locked"],
            args=cargo_args,
        )
    ],
    options=options,
)
