"""Settings of the whole suite."""

import signal

from hypothesis import settings

# The machines that run this are shared: a slow example is not a failure.
settings.register_profile("default", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("default")

# A shell starts what it puts in the background with Ctrl-C ignored, and Python leaves it so: the tests that
# interrupt a call would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
