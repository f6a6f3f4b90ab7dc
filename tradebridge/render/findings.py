"""What can stand in the way of a paper view."""

from schemas.findings import Kind, register

register(
    [
        Kind(
            "render.no-form",
            "This kind of document has no paper form.",
            "Take it as JSON or XML: certificates of origin and transport documents have a paper view.",
            status=406,
        ),
        Kind(
            "render.no-pdf",
            "This installation cannot make PDF.",
            "Install the extra: pip install 'tradebridge[pdf]'. Or take HTML and print it.",
            status=406,
        ),
        Kind(
            "render.no-font",
            "No font on this machine has some of the characters.",
            "Install a font for the script named, such as Noto. Or take HTML: the reader's browser brings its own.",
            status=406,
        ),
        Kind(
            "render.no-such-page",
            "The paper view has no such page.",
            "Ask for a page between the first and the last.",
            status=404,
        ),
    ]
)
