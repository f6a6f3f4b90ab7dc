"""The paper view as one HTML page that needs nothing else: no script, no font, no picture from anywhere.

Its one style sheet stands in it, so that the page can be kept as a file; `POLICY` allows that style by its digest and
nothing besides.
"""

from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from tradebridge.render.form import Form, Page
from tradebridge.render.palette import digest_of
from tradebridge.render.paper import Paper
from tradebridge.render.qr import qr_svg

CSS = resources.files("tradebridge.render").joinpath("form.css").read_text("utf-8")


POLICY = f"default-src 'none'; style-src {digest_of(CSS)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of the page."""


def html_of(form: Paper, page: Page, *, simulated: bool) -> bytes:
    """The page, in UTF-8."""
    verify = form.standing.verify
    qr = Markup(qr_svg(verify.url)) if verify else ""  # noqa: S704  # drawn here, of squares
    css = Markup(CSS)  # noqa: S704  # our own file
    template = _template("form.html" if isinstance(form, Form) else "lading.html")
    return template.render(form=form, page=page, css=css, qr=qr, strip=simulated).encode()


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("tradebridge.render", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
