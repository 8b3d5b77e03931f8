"""What can go wrong between an image name and a process.

ImageError
└── UnknownImage    no recipe for this image name
"""


class ImageError(Exception):
    """An image cannot be turned into a local process."""


class UnknownImage(ImageError):
    """No recipe stands for this image; the node agent reports it as ErrImagePull."""

    def __init__(self, image: str, known: list[str]) -> None:
        super().__init__(
            f"image {image!r} has no recipe in this lab: there is no registry behind it, an image name stands for "
            f"a local program; known images: {', '.join(known)}"
        )
