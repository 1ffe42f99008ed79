"""The cases, a module a topic; each has ``cases(threads)``."""

TOPICS = (
    "linalg",
    "elementwise",
    "reduce",
    "stats",
    "window",
    "words",
    "image",
    "monte_carlo",
    "fibonacci",
    "processor",
    "interop",
)
