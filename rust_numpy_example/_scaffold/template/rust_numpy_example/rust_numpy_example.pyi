from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__version__: str

class InternalError(RuntimeError): ...

def _panic() -> None: ...
def moving_average(
    arr: ArrayLike,
    window: int,
    axis: int = -1,
    *,
    min_count: int | None = None,
    nan_policy: Literal["propagate", "omit", "raise"] = "propagate",
    workers: int | None = None,
) -> NDArray[np.floating[Any]]: ...
