"""Everything that is drawn of a comparison: compare.html, compare.md, and its figure as PNG and SVG."""

from pathlib import Path

from recoveryreport.report import drawn, make_directory, write_file

from . import figure, markdown, page
from .records import Comparison
from .scene import scene

PAGE = "compare.html"


def draw(found: Comparison, directory: Path) -> Path:
    """Draws into `directory`; the path of the page comes back. Raises CannotWrite."""
    view = scene(found)
    made = drawn(lambda blank, theme: figure.draw(blank, view, theme))
    html = page.render(found, made.picture(page.alt(found)))
    make_directory(directory)
    made.keep(directory, "compare")
    write_file(directory / PAGE, html.encode())
    write_file(directory / markdown.FILE, markdown.written(found))
    return directory / PAGE
