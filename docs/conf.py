"""Settings of the manual: ``tox -e docs`` builds it from the installed package, with warnings as errors."""

from __future__ import annotations

import os
from pathlib import Path

import rust_numpy_example

# The page on the architecture reads the sources.
os.environ["RUST_NUMPY_EXAMPLE_SOURCE"] = str(Path(__file__).resolve().parents[1])

project = "rust_numpy_example"
author = "The rust_numpy_example developers"
copyright = author
version = release = rust_numpy_example.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build"]
nitpicky = True

# --- pages: Markdown; what stands in a code cell is run, and an error ends the build

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_execution_in_temp = True
nb_merge_streams = True
# Says which line of a cell it was.
nb_execution_show_tb = True

# `tox -c tools/tox.ini -e links` looks at what is elsewhere; addresses under .example are to be replaced, see setup.cfg.
linkcheck_ignore = [r"https?://[^/]*\.example\b"]
linkcheck_timeout = 20

# --- the reference: the docstrings that `help` shows

numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
autodoc_member_order = "bysource"
# What docstrings name that is no part of this manual.
nitpick_ignore_regex = [
    ("py:.*", r"(numpy|pandas|bottleneck|typing|collections|decimal|json|logging|os|ssl|str|sys)(\..*)?")
]

# --- how it looks

html_theme = "pydata_sphinx_theme"
html_title = "rust_numpy_example"
# Pages without others beside them.
html_sidebars = {"start": [], "tutorials": []}
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_js_files = ["manual.js"]
html_use_index = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
