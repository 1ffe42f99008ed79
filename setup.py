"""Builds the Rust extension. Everything that can be said without code is in setup.cfg."""

# Written for any Python, so that one which is too old can still say so.
import os
import re
import subprocess
import sys
import sysconfig

NAME = "rust_numpy_example"

# `python setup.py install` never looks at python_requires, and an extension that was
# built for a Python which is too old fails at import with an undefined symbol.
if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit("%s needs Python 3.10 or newer; this is %d.%d" % ((NAME,) + tuple(sys.version_info[:2])))

try:
    from setuptools import setup
    from setuptools.errors import PlatformError
    from setuptools_rust import Binding, RustExtension, build_rust
except ImportError as error:
    sys.exit(
        "%s cannot be built without the package %r; first run: %s -m pip install setuptools setuptools-rust wheel"
        % (NAME, error.name, os.path.basename(sys.executable or "python"))
    )


class build_rust_checked(build_rust):
    """``build_rust`` that says in one line which Rust is needed."""

    def run(self):
        with open("Cargo.toml") as manifest:
            needed = re.search(r'^rust-version = "(\d+)\.(\d+)"', manifest.read(), re.M).groups()
        advice = "%s needs Rust %s.%s or newer (https://rustup.rs)" % ((NAME,) + needed)
        cargo = os.environ.get("CARGO", "cargo")
        try:
            found = subprocess.check_output([cargo, "--version"], universal_newlines=True)
        except OSError:
            raise PlatformError("%s; the command %r was not found" % (advice, cargo)) from None
        except subprocess.CalledProcessError as error:
            raise PlatformError("%s; %r failed with exit code %d" % (advice, cargo, error.returncode)) from None
        version = re.match(r"cargo (\d+)\.(\d+)", found)
        if version and tuple(map(int, version.groups())) < tuple(map(int, needed)):
            raise PlatformError("%s; this is %s" % (advice, found.strip()))
        super().run()


options = {}
if not sysconfig.get_config_var("Py_GIL_DISABLED"):
    # One wheel for every interpreter with a GIL. A free-threaded one has no stable
    # ABI, so it gets a build of its own; that is why this is not in setup.cfg.
    options["bdist_wheel"] = {"py_limited_api": "cp310"}

setup(
    rust_extensions=[
        RustExtension(
            "rust_numpy_example.rust_numpy_example",
            binding=Binding.PyO3,
            # Test builds add `faults`; see CONTRIBUTING.md.
            features=["python"] + os.environ.get("RUST_NUMPY_EXAMPLE_BUILD_FEATURES", "").split(),
            # A release build, also where setuptools-rust would make a debug one: `pip install -e`.
            debug=False,
            cargo_manifest_args=["--locked"],
        )
    ],
    cmdclass={"build_rust": build_rust_checked},
    options=options,
)
