"""The cases, a module a topic; each has ``cases(threads)``."""

TOPICS = (
    "linalg",
    "elementwise",
    "reduce",
    "stats",
    "words",
    "image",
    "monte_carlo",
    "fibonacci",
    "processor",
    "interop",
)
