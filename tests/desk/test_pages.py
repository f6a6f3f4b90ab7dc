"""The pages of the Desk as they come from the hub, without a script: queue, case, decisions, overview, practice."""

import html
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from exchange.languages import PSEUDO
from schemas.certificate.application import encode as encoded
from schemas.certificate.application import example
from schemas.event import EventType
from tests.desk.places import Desks, desks, linked, post
from tests.exchange.cast import FORM_AJ, event
from tests.languages.hard_coded import left_in

OFFICER, COLLEAGUE, SUPERVISOR = "officer.th-nsw", "colleague.th-nsw", "supervisor.th-nsw"
AUDITOR = "auditor.th-nsw"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    with desks(tmp_path_factory.mktemp("desks")) as running:
        yield running


def text_of(page: httpx.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def case_of(document: str) -> str:
    return f"/console/desk/c/{document}"


def last_word(office: Desks, document: str, member: str = "SG-NSW") -> Any:
    """What the last event says, as a member reads it on the timeline."""
    entries = office.cast[member].timeline(document)["entries"]
    return [each for each in entries if each["kind"] == "event"][-1]["said"]


def types_of(office: Desks, document: str, member: str = "TH-NSW") -> list[str]:
    timeline = office.cast[member].timeline(document)["entries"]
    return [each["type"] for each in timeline if each["kind"] == "event"]


def test_a_case_is_found_taken_asked_about_and_the_question_is_signed(office: Desks) -> None:
    document = office.submit("SG-PG-1")
    officer = office.of(OFFICER)
    queue = officer.get("/console/desk?view=unassigned")
    assert queue.status_code == 200 and "SG-PG-1" in queue.text and "of 8 h" in queue.text
    taken = post(officer, "/console/desk?view=unassigned", f"{case_of(document)}/take", seen="")
    assert taken.headers["location"].endswith("?done=taken")
    assert "SG-PG-1" in officer.get("/console/desk").text
    said = {"type": "queried", "sequence": "0", "box1": "9", "question1": "Which weight is right?"}
    asked = post(officer, case_of(document), f"{case_of(document)}/decide", **said)
    assert asked.headers["location"].endswith("?done=queried")
    page = text_of(officer.get(asked.headers["location"]))
    assert "signed and sent" in page and "Box 9 Which weight is right?" in page and "waits for the answer" in page
    assert "SG-PG-1" in officer.get("/console/desk?view=waiting").text
    actor = {"member": "TH-NSW", "person": "Practice officer, TH-NSW", "role": "officer", "keyHeldBy": "HUB"}
    assert last_word(office, document)["actor"] == actor
    assert "signed by the hub on its behalf" in page
    shown = httpx.get(f"{office.cast.url}/console/d/{document}?tab=timeline")
    assert "(hub on behalf of TH-NSW)" in text_of(shown)


def test_a_second_click_is_answered_as_the_first_and_a_colleague_is_told_who_was_faster(office: Desks) -> None:
    document = office.submit("SG-PG-2")
    path, said = case_of(document), {"type": "accepted", "sequence": "0"}
    officer, colleague = office.of(OFFICER), office.of(COLLEAGUE)
    first = post(officer, path, f"{path}/decide", **said)
    second = post(officer, path, f"{path}/decide", **said)
    assert first.headers["location"] == second.headers["location"]
    late = post(colleague, path, f"{path}/decide", type="rejected", sequence="0", words="I would not.")
    assert late.status_code == 409
    read = text_of(late)
    assert "Nothing was sent." in read and "Practice officer, TH-NSW of TH-NSW said accepted" in read
    assert types_of(office, document) == ["accepted"]


def test_what_is_missing_is_said_and_what_was_typed_stays(office: Desks) -> None:
    document = office.submit("SG-PG-3")
    path, officer = case_of(document), office.of(OFFICER)
    said = {"type": "queried", "sequence": "0", "question2": "Is it robusta?", "box2": "99"}
    answer = post(officer, path, f"{path}/decide", **said)
    assert answer.status_code == 422 and "desk.incomplete" in answer.text
    assert ">Is it robusta?</textarea>" in answer.text and 'id="say-query" open' in answer.text
    for wrong in ({"type": "rejected", "sequence": "0"}, {"type": "deleted", "sequence": "0"}, {"type": "accepted"}):
        assert post(officer, path, f"{path}/decide", **wrong).status_code in (400, 422)
    assert types_of(office, document) == []


def test_a_rejection_names_a_reason_of_the_list_with_its_clause(office: Desks) -> None:
    document = office.submit("SG-PG-4")
    path, officer = case_of(document), office.of(OFFICER)
    said = {"type": "rejected", "sequence": "0", "listed": "atiga.rvc-below-threshold", "words": "See the cost sheet."}
    assert post(officer, path, f"{path}/decide", **said).status_code == 303
    reasons = last_word(office, document)["reasons"]
    assert [each["code"] for each in reasons] == ["atiga.rvc-below-threshold", "desk.own-words"]
    assert "Article 28(1), ATIGA" in reasons[0]["text"]
    unknown = {"type": "rejected", "sequence": "0", "listed": "made.up"}
    assert post(officer, path, f"{path}/decide", **unknown).status_code == 422


def test_is_it_this_shipment_is_answered_above_the_comparison(office: Desks) -> None:
    document = office.cast["SG-NSW"].submit(linked("SG-PG-5"), ["TH-NSW"]).id
    page = office.of(OFFICER).get(case_of(document)).text
    shipment = page.index("Is it this shipment?", page.index('id="compared"'))
    assert shipment < page.index('class="beside-table"')
    read = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert "It differs from the bill of lading SIML2601188" in read and "Vessel differs" in read
    assert "rows where nothing differs" in read
    assert (
        "Certificate and bill of lading name different vessels."
        in office.of(OFFICER).get("/console/desk?view=unassigned").text
    )


def test_with_four_eyes_the_first_proposes_and_the_second_signs(office: Desks) -> None:
    document = office.submit("SG-PG-6", "VN-NSW", importer="VN")
    path = case_of(document)
    first, second = office.of("officer.vn-nsw"), office.of("colleague.vn-nsw")
    assert "Propose to a colleague" in first.get(path).text
    said = post(first, path, f"{path}/decide", type="accepted", sequence="0")
    assert said.headers["location"].endswith("?done=proposed")
    assert "Sign and send it" not in first.get(path).text
    assert post(first, path, f"{path}/confirm", sequence="0").status_code == 409
    assert "SG-PG-6" in second.get("/console/desk?view=to-confirm").text
    assert post(second, path, f"{path}/confirm", sequence="0").headers["location"].endswith("?done=accepted")
    assert (
        last_word(office, document)["actor"]["person"]
        == "Practice officer, VN-NSW, confirmed by Practice colleague, VN-NSW"
    )


def test_an_application_is_issued_from_its_case(office: Desks) -> None:
    application = example(profile=FORM_AJ, exporter="JP", importer="TH", number="APP-PG-1")
    document = office.cast["OLD-EXPORT"].submit(encoded(application), ["JP-JCCI"]).id
    path, officer = case_of(document), office.of("officer.jp-jcci")
    page = officer.get(path).text
    assert "not yet issued" in page and ">Issue <kbd" in page and ">Accept <kbd" not in page
    said = {"type": "issued", "sequence": "0", "number": "JP-PG-1", "to": "TH-NSW"}
    assert post(officer, path, f"{path}/decide", **(said | {"to": "SG-NSW"})).status_code == 422
    assert post(officer, path, f"{path}/decide", **said).headers["location"].endswith("?done=issued")
    (certificate,) = office.cast.operator.documents(number="JP-PG-1").items
    assert certificate["issuer"] == "JP-JCCI"
    assert "JP-PG-1" in office.of(OFFICER).get("/console/desk?view=unassigned").text


def test_people_of_a_member_see_their_own_cases_alone(office: Desks) -> None:
    document = office.submit("SG-PG-7", "VN-NSW", importer="VN")
    officer = office.of(OFFICER)
    for path in ("", "/pdf", "/bytes", "/bundle"):
        assert officer.get(f"{case_of(document)}{path}").status_code == 404
    assert (
        post(officer, "/console/desk", f"{case_of(document)}/decide", type="accepted", sequence="0").status_code == 404
    )
    assert "SG-PG-7" not in officer.get("/console/desk?view=all").text
    assert "No case of your desk" in officer.get("/console/desk/find?q=SG-PG-7").text
    assert types_of(office, document, "VN-NSW") == []


def test_a_case_is_found_by_its_number(office: Desks) -> None:
    document = office.submit("SG-PG-8")
    assert office.of(OFFICER).get("/console/desk/find?q=SG-PG-8").headers["location"] == case_of(document)


def test_who_looks_is_on_the_record_and_an_auditor_reads_it(office: Desks) -> None:
    document = office.submit("SG-PG-9")
    office.of(OFFICER).get(case_of(document))
    auditor = office.of(AUDITOR)
    read = text_of(auditor.get("/console/desk/audit"))
    assert "Practice officer, TH-NSW looked at case SG-PG-9" in read
    assert office.of(OFFICER).get("/console/desk/audit").status_code == 403
    page = auditor.get(case_of(document)).text
    assert "officers decide on it" in page and "Sign and accept" not in page
    assert (
        post(auditor, case_of(document), f"{case_of(document)}/decide", type="accepted", sequence="0").status_code
        == 403
    )


def test_the_supervisor_gives_a_case_to_somebody(office: Desks) -> None:
    document = office.submit("SG-PG-10")
    path = case_of(document)
    assert post(office.of(OFFICER), path, f"{path}/take", seen="").status_code == 303
    assert post(office.of(COLLEAGUE), path, f"{path}/take", seen="").status_code == 409
    given = post(office.of(SUPERVISOR), path, f"{path}/give", seen=OFFICER, to=COLLEAGUE)
    assert given.headers["location"].endswith("?done=given")
    assert "SG-PG-10" in office.of(COLLEAGUE).get("/console/desk").text
    assert post(office.of(SUPERVISOR), path, f"{path}/give", seen=COLLEAGUE, to="officer.vn-nsw").status_code == 400


def test_the_overview_is_shown_and_taken_away_as_a_table(office: Desks) -> None:
    officer = office.of(OFFICER)
    page = officer.get("/console/desk/overview?since=2026-01-01")
    assert page.status_code == 200 and "SG-NSW → TH-NSW" in text_of(page)
    table = officer.get("/console/desk/overview.csv?since=2026-01-01")
    assert table.headers["content-type"].startswith("text/csv") and b"number,form,from,to" in table.content
    book = officer.get("/console/desk/overview.xlsx?since=2026-01-01")
    assert book.content.startswith(b"PK") and 'filename="TH-NSW-2026-01-01.xlsx"' in book.headers["content-disposition"]
    assert officer.get("/console/desk/overview?since=yesterday").status_code == 400
    assert officer.get("/console/desk?view=everything").status_code == 400


def test_practice_begins_and_the_coach_speaks_afterwards(office: Desks) -> None:
    officer = office.of(OFFICER)
    assert post(officer, "/console/desk/practice", "/console/desk/practice").status_code == 303
    page = officer.get("/console/desk/practice").text
    cases = re.findall(r'href="(/console/desk/c/doc_\w+)">PRACTICE-', page)
    assert len(cases) == 5 and "we would have done" not in page
    assert post(officer, cases[0], f"{cases[0]}/decide", type="accepted", sequence="0").status_code == 303
    page = officer.get("/console/desk/practice").text
    assert "we would have done" in page and "One more never came to you." in page
    assert len(re.findall(r'href="(/console/desk/c/doc_\w+)">PRACTICE-', page)) == 5


def test_an_answer_brings_the_case_back_and_stands_in_the_conversation(office: Desks) -> None:
    document = office.submit("SG-PG-11")
    path, officer = case_of(document), office.of(OFFICER)
    post(officer, path, f"{path}/take", seen="")
    post(officer, path, f"{path}/decide", type="queried", sequence="0", question1="Which ship?", box1="3")
    digest = office.cast["SG-NSW"].summary(document)["contentDigest"]
    answers = {"answers": [{"question": "q1", "kind": "corrects", "value": "MV NEW", "text": "It was changed."}]}
    said = event(EventType.ANSWERED, document, digest, "SG-NSW", sequence=1, body=answers)
    office.cast["SG-NSW"].send_event(document, said)
    assert "answered: your turn" in text_of(officer.get("/console/desk"))
    read = text_of(officer.get(path))
    assert "It was changed. MV NEW" in read and "Box 3 Which ship?" in read
    assert post(officer, path, f"{path}/note", note="Ask the carrier too.").status_code == 303
    assert "Ask the carrier too." in officer.get(path).text
    assert "Ask the carrier" not in str(office.cast["SG-NSW"].timeline(document))


def test_no_text_of_sign_in_and_queue_is_hard_coded(office: Desks) -> None:
    office.submit("SG-PG-WORDS")
    officer, views = office.of(OFFICER), ("mine", "unassigned", "waiting", "to-confirm", "all", "decided")
    shown = [officer.get(f"/console/desk?view={view}&lang={PSEUDO}") for view in views]
    shown += [httpx.get(f"{office.cast.url}/console/sign-in?lang={PSEUDO}")]
    assert "SG-PG-WORDS" in shown[1].text
    for page in shown:
        assert page.status_code == 200 and f'<html lang="{PSEUDO}">' in page.text
        assert left_in(page.text) == []
    assert "คิวของฉัน" in officer.get("/console/desk?lang=th").text
    assert '<html lang="en">' in officer.get("/console/desk?lang=en").text


def test_no_text_of_the_rest_of_the_desk_is_hard_coded(office: Desks) -> None:
    """Every page: a case before and after, comparison, refusals, overview, practice, audit, search, one's own page."""
    officer, supervisor, pseudo = office.of(OFFICER), office.of(SUPERVISOR), {"lang": PSEUDO}
    certificate = office.cast["SG-NSW"].submit(linked("SG-PG-SAID"), ["TH-NSW"]).id
    plain = office.submit("SG-PG-PLAIN")
    officer.get("/console/desk", params=pseudo)  # the cookie keeps it from here
    supervisor.get("/console/desk", params=pseudo)
    shown = [officer.get(case_of(each)) for each in (certificate, plain)]
    path = f"{case_of(plain)}/decide"
    for said in ({"type": "rejected"}, {"type": "queried", "box1": "9", "question1": "Why?"}, {"type": "accepted"}):
        shown.append(post(officer, case_of(plain), path, sequence="0", **said))
    shown = [officer.get(each.headers["location"]) if each.is_redirect else each for each in shown]
    post(officer, case_of(certificate), f"{case_of(certificate)}/note", note="kept here")
    assert post(officer, "/console/desk/practice", "/console/desk/practice").is_redirect
    for each in ("/overview", "/practice", "/find?q=nowhere", "/c/doc_0000000000000000", "/audit", "?view=nothing"):
        shown.append(officer.get(f"/console/desk{each}"))
    shown += [supervisor.get(case_of(certificate)), supervisor.get("/console/desk/audit"), officer.get("/console/me")]
    assert {each.status_code for each in shown} <= {200, 400, 403, 404, 409, 422}
    for client in (officer, supervisor):
        client.get("/console/desk?lang=en")
    for page in shown:
        assert f'<html lang="{PSEUDO}">' in page.text, page.url
    left = {page.url.path: found for page in shown if (found := left_in(page.text))}
    assert not left, left
