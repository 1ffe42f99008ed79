"""Refuses to be imported in a sub-interpreter, before anything is loaded that could harm the main one.

Python itself refuses for those that have a lock of their own. Others would get as far as NumPy, which a process loads
once: after that the main interpreter could not import it any more.
"""


def _in_sub_interpreter() -> bool:
    # The second is its name before Python 3.13. A Python with neither cannot make any.
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            interpreters = __import__(name)
        except ImportError:
            continue
        return bool(interpreters.get_current() != interpreters.get_main())
    return False


if _in_sub_interpreter():
    raise ImportError(
        "rust_numpy_example cannot be imported in a sub-interpreter: like NumPy it supports only the main interpreter "
        "of a process; use threads, or processes"
    )
