"""What stands on the Desk for its pictures: cases of Thailand, sent by others, and what an officer has said of some."""

import re
from typing import Any

import httpx

from exchange.desk.practice import MORE_KILOGRAMS, carried_under
from schemas.bill_of_lading.model import TransportDocument
from schemas.certificate.model import Certificate
from schemas.content import Syntax
from schemas.event import EventType
from tests.desk.places import post, sign_in
from tests.exchange.cast import TRANSPORT_DOCUMENT, Cast, certificate, document, event, signed
from tests.screenshots.pictures import DeskPicture

LADING = "SIML2601188"
ASKED = {
    "type": "queried",
    "sequence": "0",
    "box1": "8",
    "question1": "Which materials of item 1 do not originate?",
    "box2": "3",
    "question2": "Which voyage was it?",
}
ANSWERS = {
    "answers": [
        {"question": "q1", "kind": "explains", "text": "The yarn, 12 % of the value. The cost sheet is with us."},
        {"question": "q2", "kind": "corrects", "value": "012W", "text": "The ship was changed after the issue."},
    ]
}


def fill(url: str) -> None:
    """Send what is to be seen, and decide a part of it."""
    cast = Cast(url)
    for variant in range(1, 5):
        cast["SG-NSW"].submit(certificate(f"SG-2026-0004{variant}", variant=variant), ["TH-NSW"])
    lading = document(LADING, TRANSPORT_DOCUMENT)
    assert isinstance(lading, TransportDocument)
    cast["CARRIER-SIM"].submit(signed(lading, "CARRIER-SIM", Syntax.JSON), ["TH-NSW"])
    for named, more in (("SG-2026-00987", MORE_KILOGRAMS), ("SG-2026-00988", 0)):
        made = document(named)
        assert isinstance(made, Certificate)
        cast["SG-NSW"].submit(signed(carried_under(made, lading, more)), ["TH-NSW"])
    with httpx.Client(base_url=url, timeout=60) as officer:
        sign_in(officer, "officer.th-nsw")
        asked, accepted = (_case(officer, number) for number in ("SG-2026-00041", "SG-2026-00988"))
        assert post(officer, asked, f"{asked}/decide", **ASKED).status_code == 303
        name = asked.rpartition("/")[2]
        digest = cast["SG-NSW"].summary(name)["contentDigest"]
        said = event(EventType.ANSWERED, name, digest, "SG-NSW", sequence=1, body=ANSWERS)
        cast["SG-NSW"].send_event(name, said)
        assert post(officer, accepted, f"{accepted}/decide", type="accepted", sequence="0").status_code == 303
        assert post(officer, "/console/desk/practice", "/console/desk/practice").status_code == 303
        page = officer.get("/console/desk/practice").text
        for case in re.findall(r'href="(/console/desk/c/doc_\w+)">PRACTICE-', page)[:3]:
            post(officer, case, f"{case}/decide", type="accepted", sequence="0")
    cast.close()


def _case(officer: httpx.Client, number: str) -> str:
    return officer.get("/console/desk/find", params={"q": number}).headers["location"]


def picture_of(page: Any, url: str, picture: DeskPicture) -> bytes:
    """The page, as a PNG."""
    if picture.person:
        page.goto(f"{url}/console/sign-in")
        page.get_by_role("button", name=picture.person).click()
        page.get_by_role("heading", level=1).filter(has_text="My queue").wait_for()
    number = re.search(r"\{([^}]+)\}", picture.path)
    path = picture.path
    if number is not None:
        page.goto(f"{url}/console/desk/find?q={number[1]}")
        path = page.url.removeprefix(url) + picture.path[number.end() :]
    page.goto(f"{url}{path}")
    page.keyboard.type(picture.keys)
    page.wait_for_load_state("load")
    png: bytes = page.screenshot(full_page=picture.whole)
    return png
