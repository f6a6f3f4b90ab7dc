"""The issuing side of a desk: an application becomes one certificate, signed with the member's key."""

import asyncio
from typing import Any

from exchange.desk import certifying, deciding
from exchange.desk.deciding import Word
from exchange.messages import Accepted
from exchange.store import queries
from schemas.certificate.application import PROFILE, Application, example
from schemas.certificate.application import encode as encoded
from schemas.event import EventType
from tests.desk.running import SATO, Office, Person
from tests.exchange.cast import FORM_AJ

KATO = Person("per_7", "Kato", "JP-JCCI")


def applied(office: Office, number: str) -> tuple[str, str]:
    """An application at the desk of Japan's authority: its id and the digest of its content."""
    application = example(profile=FORM_AJ, exporter="JP", importer="TH", number=number, at=office.hub.clock.now())
    document = office.submit(encoded(application), "JP-JCCI", "OLD-EXPORT")
    return document, str(office.case(document, "JP-JCCI").stored.summary["contentDigest"])


def issued(number: str) -> Word:
    return Word(EventType.ISSUED, 0, body={"certificate": {"number": number}}, to="TH-NSW")


def certificates(office: Office, number: str) -> list[dict[str, Any]]:
    with office.hub.database.reading.connect() as connection:
        return queries.documents(connection, None, 10, None, number=number).items


def test_an_application_becomes_a_certificate_that_the_members_key_signs(office: Office) -> None:
    document, digest = applied(office, "APP-DK-1")
    case = office.case(document, "JP-JCCI")
    assert case.application and case.ours and isinstance(case.document, Application)
    assert certifying.takers(office.hub, case.document) == ("TH-NSW",)
    member = office.member("JP-JCCI")
    assert isinstance(
        office.run(deciding.issue(office.hub, SATO, member, document, digest, issued("JP-DK-1"))), Accepted
    )
    (certificate,) = certificates(office, "JP-DK-1")
    assert (certificate["sender"], certificate["issuer"], [*certificate["recipients"]]) == (
        "JP-JCCI",
        "JP-JCCI",
        ["TH-NSW"],
    )
    now = office.case(document, "JP-JCCI")
    assert now.state == "issued" and not now.ours and now.proposal is None
    assert now.thread[-1]["said"]["body"]["certificate"] == {"number": "JP-DK-1", "document": certificate["id"]}


def test_two_officers_cannot_issue_twice_on_one_application(office: Office) -> None:
    document, digest = applied(office, "APP-DK-2")
    member = office.member("JP-JCCI")

    async def both() -> list[Any]:
        said = [
            deciding.issue(office.hub, by, member, document, digest, issued(number))
            for by, number in ((SATO, "JP-DK-2A"), (KATO, "JP-DK-2B"))
        ]
        return list(await asyncio.gather(*said))

    outcomes = office.run(both())
    assert sum(isinstance(each, Accepted) for each in outcomes) == 1
    assert len(certificates(office, "JP-DK-2A") + certificates(office, "JP-DK-2B")) == 1


def test_after_a_crash_between_certificate_and_word_the_same_certificate_is_named(office: Office) -> None:
    document, digest = applied(office, "APP-DK-3")
    member = office.member("JP-JCCI")
    assert office.run(deciding.propose(office.hub, SATO, member, document, digest, issued("JP-DK-3"))) == ()
    proposal = office.case(document, "JP-JCCI").proposal
    application = office.case(document, "JP-JCCI").document
    assert proposal is not None and isinstance(application, Application)
    at = office.hub.clock.now()
    made = office.run(certifying.certify(office.hub, member, application, proposal.said, proposal.name, at))
    assert isinstance(made, str)  # and here the process ended
    assert isinstance(office.run(deciding.confirm(office.hub, KATO, member, document, digest, 0)), Accepted)
    assert [each["id"] for each in certificates(office, "JP-DK-3")] == [made]


def test_a_number_that_is_taken_is_told_and_the_application_stays_open(office: Office) -> None:
    first, digest = applied(office, "APP-DK-4")
    member = office.member("JP-JCCI")
    assert isinstance(office.run(deciding.issue(office.hub, SATO, member, first, digest, issued("JP-DK-4"))), Accepted)
    other = example(profile=FORM_AJ, exporter="JP", importer="TH", number="APP-DK-5", variant=3)
    document = office.submit(encoded(other), "JP-JCCI", "OLD-EXPORT")
    digest = str(office.case(document, "JP-JCCI").stored.summary["contentDigest"])
    said = office.run(deciding.issue(office.hub, SATO, member, document, digest, issued("JP-DK-4")))
    assert not isinstance(said, Accepted) and [each.code for each in said] == ["document.number-taken"]
    now = office.case(document, "JP-JCCI")
    assert now.ours and now.proposal is None and now.stored.summary["profile"] == PROFILE
