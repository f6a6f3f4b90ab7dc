"""`make sbom`: the bill of materials into dist, and the list of licences into docs/reference."""

from tests.sbom.bill import BILL, PAGE, ROOT, bill, page

BILL.parent.mkdir(exist_ok=True)
BILL.write_bytes(bill())
PAGE.write_text(page(), encoding="utf-8")
for path in (BILL, PAGE):
    print(path.relative_to(ROOT))
