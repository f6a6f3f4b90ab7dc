"""A QR code (ISO/IEC 18004) as a drawing that page and PDF share."""

import io

import segno


def qr_svg(text: str) -> str:
    """An SVG without scripts or styles, with the quiet zone of four modules; error correction M."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        border=4,
        title="QR code",
        svgclass=None,
        lineclass=None,
    )
    return out.getvalue().decode()
