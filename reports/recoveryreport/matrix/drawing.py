"""Everything that is drawn of a matrix: matrix.html, and its figure as PNG and SVG."""

from pathlib import Path

from recoveryreport.report import drawn, make_directory, write_file

from . import figure, page, panels
from .records import Matrix

PAGE = "matrix.html"


def draw(matrix: Matrix, directory: Path) -> Path:
    """Draws into `directory`; the path of the page comes back. Raises CannotWrite."""
    view = panels.scene(matrix)
    made = drawn(lambda blank, theme: figure.draw(blank, view, theme))
    html = page.render(matrix, made.picture(page.alt(matrix)))
    make_directory(directory)
    made.keep(directory, "matrix")
    write_file(directory / PAGE, html.encode())
    return directory / PAGE
