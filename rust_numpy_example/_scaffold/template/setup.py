"""Builds the Rust extension. Everything that can be said without code is in setup.cfg."""

# Written for any Python 3, so that one which is too old can still say so.
import sys
import sysconfig

# `python setup.py install` never looks at python_requires, and an extension that was
# built for a Python which is too old fails at import with an undefined symbol.
if sys.version_info < (3, 11):  # noqa: UP036
    found = ".".join(map(str, sys.version_info[:2]))
    sys.exit(f"rust_numpy_example needs Python 3.11 or newer; this is {found}")

try:
    from setuptools import setup
    from setuptools_rust import Binding, RustExtension
except ImportError as error:
    sys.exit(
        f"rust_numpy_example cannot be built without the package {error.name!r}; "
        f"first run: {sys.executable} -m pip install setuptools setuptools-rust wheel"
    )

options = {}
if not sysconfig.get_config_var("Py_GIL_DISABLED"):
    # One wheel for every interpreter with a GIL. A free-threaded one has no stable
    # ABI, so it gets a build of its own; that is why this is not in setup.cfg.
    # The second name is the one by which setuptools finds the options of setuptools-rust's
    # command when it starts that anew, which it does in `pip install -e`.
    for command in "bdist_wheel", "bdist_wheel_rust_extension":
        options[command] = {"py_limited_api": "cp311"}

setup(
    rust_extensions=[
        RustExtension(
            "rust_numpy_example.rust_numpy_example",
            binding=Binding.PyO3,
            features=["python"],
            rust_version=">=1.85",
            # A release build, also where setuptools-rust would make a debug one: `pip install -e`.
            debug=False,
            cargo_manifest_args=["--locked"],
        )
    ],
    options=options,
)
