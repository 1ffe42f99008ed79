"""Settings of the whole suite."""

from hypothesis import settings

# The machines that run this are shared: a slow example is not a failure.
settings.register_profile("default", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("default")
