"""The pool as one that threadpoolctl sees and limits, without importing that.

threadpoolctl finds the pools of libraries that it has a controller for. Ours is registered when both packages are
imported, in whichever order: a finder at the head of ``sys.meta_path`` waits for the other.
"""

from __future__ import annotations

import sys

from .rust_numpy_example import __version__, get_num_threads, set_num_threads

# Not imported from `typing`, which takes longer than all the rest of the package.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

_NAME = "threadpoolctl"

#: The most threads that may be asked for.
_MOST = 1024


def _register(threadpoolctl: Any) -> None:
    """Register a controller of the pool, where the version takes one."""
    if not hasattr(threadpoolctl, "register"):
        return

    class Controller(threadpoolctl.LibController):  # type: ignore[misc]
        user_api = internal_api = "rust_numpy_example"
        filename_prefixes = ("rust_numpy_example",)
        check_symbols = ("PyInit_rust_numpy_example",)

        def get_num_threads(self) -> int:
            return get_num_threads()

        def set_num_threads(self, num_threads: int) -> None:
            # Back at the default, the limit is none.
            set_num_threads(None)
            if num_threads != get_num_threads():
                set_num_threads(min(max(num_threads, 1), _MOST))

        def get_version(self) -> str:
            return __version__

    threadpoolctl.register(Controller)


class _Loader:
    """A loader that registers the controller in the module that it has loaded."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, as its own loader does, and give it that back."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _register(module)
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]


class _Finder:
    """A finder of nothing but threadpoolctl, which it leaves to the others to find."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the others find, with a loader that registers the controller."""
        if name != _NAME:
            return None
        for finder in [*sys.meta_path]:
            if not isinstance(finder, _Finder) and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    if hasattr(spec.loader, "exec_module"):
                        spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
                    return spec
        return None


if _NAME in sys.modules:
    _register(sys.modules[_NAME])
else:
    sys.meta_path.insert(0, _Finder())
