"""How the documentation is built: `make docs`. Nothing is fetched, neither now nor when it is read."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "chaostoolkit-mongodb"
author = "the chaostoolkit-mongodb authors"
version = release = installed(project)

extensions = ["myst_parser", "sphinx_click", "generator"]
exclude_patterns = ["generator"]
nitpicky = True
smartquotes = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_links_external_new_tab = False

html_theme = "furo"
html_title = project
html_static_path = ["style"]
html_css_files = ["docs.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": []}
pygments_style = "friendly"
pygments_dark_style = "monokai"
highlight_language = "none"
# Help texts of commands mark code with one backtick.
default_role = "literal"
