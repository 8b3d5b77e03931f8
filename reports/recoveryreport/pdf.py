"""A PDF, page by page: each as large as its figure, the same bytes for the same pages."""

import io
from typing import TYPE_CHECKING, Any

from .style import DPI, LIGHT, settings
from .words import harmless

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Book:
    """Pages in the order in which they are added. At least one."""

    def __init__(self, title: str) -> None:
        from matplotlib.backends.backend_pdf import PdfPages

        self._bytes = io.BytesIO()
        metadata = {"Title": harmless(title), "CreationDate": None, "Creator": None, "Producer": None}
        self._pages: Any = PdfPages(self._bytes, metadata=metadata)

    def add(self, figure: "Figure") -> None:
        """To be called where the figure's settings hold (`canvas.blank`)."""
        self._pages.savefig(figure, dpi=DPI)

    def bound(self) -> bytes:
        """The whole file; nothing can be added afterwards."""
        import matplotlib as mpl

        with mpl.rc_context(settings(LIGHT)):  # fonts are embedded only now
            self._pages.close()
        return self._bytes.getvalue()
