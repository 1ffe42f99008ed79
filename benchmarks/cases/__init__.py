"""The cases, a module a topic; each has ``cases(threads)``."""

TOPICS = (
    "linalg",
    "elementwise",
    "reduce",
    "stats",
    "window",
    "quantiles",
    "words",
    "image",
    "monte_carlo",
    "fibonacci",
    "processor",
    "interop",
)
