"""Who has a title first, and what nobody gets by a lie about it: a carrier's word in the wrong hands, a registry that
was set back or is answered for, an entry that is dead, a void bill that is replaced twice."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import Engine
from structlog.testing import capture_logs

from schemas.bill_of_lading import pint
from schemas.bill_of_lading.issuance import IssuanceRequest
from simulator.platform import metadata
from simulator.platforms import token_of
from tests.chaos.lading.network import NOBODY, Fate, Network, party
from tests.databases import new_database
from tests.ebl import cast
from tests.ebl.registry import CARRIERS
from tests.ebl.running import JSON, SEED, issuance_request, key_of
from tradebridge.ebl import issuing, registry, tables, titles
from tradebridge.ebl.chain import first_entry, follow, issue_to
from tradebridge.ebl.envelope import make_envelope
from tradebridge.ebl.registry import Issued, Stand, Word
from tradebridge.ebl.seal import Trust, peek


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """One for all, with a registry: each test has a bill of its own."""
    one = Network(tmp_path_factory.mktemp("guarded"), registered=True)
    yield one
    one.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    one = Network(tmp_path_factory.mktemp("plain"))
    yield one
    one.close()


def attempted(network: Network, on: str, *fates: Fate) -> None:
    network.fates.extend(fates)
    network.run(network[on].attempt())
    network.fates.clear()


def issued(network: Network, on: str = "STRA") -> str:
    reference = network.issue(on)
    attempted(network, on)
    assert network.holders(reference) == [f"{on} here"]
    return reference


def moved(network: Network, reference: str, giver: str, taker: str) -> None:
    assert network.transfer(giver, reference, party(taker)).status_code == 200
    attempted(network, giver)


def row_of(network: Network, on: str, reference: str) -> Any:
    (row,) = network[on].rows("select * from ebl_titles where reference = ?", reference)
    return row


def asked_to_issue(network: Network, on: str, reference: str, to: pint.Party, **more: Any) -> int:
    """The carrier's request, to whatever party."""
    value = cast.document("blank", transportDocumentReference=reference)
    request = {**issuance_request(value, to), **more}
    token = token_of(SEED, cast.CARRIER_CODE, on)
    return network.post(on, "PUT", "/ebl/v3/ebl-issuance-requests", request, token).status_code


def told_to_the_carrier(network: Network, on: str, reference: str) -> list[JSON]:
    told = (orjson.loads(row["body"]) for row in network[on].rows("select body from ebl_calls order by created_at"))
    return [each for each in told if each["transportDocumentReference"] == reference]


# --- The carrier's word in the wrong hands ---------------------------------------------------------------------------


def registered_by(network: Network, who: str, reference: str) -> Word:
    """This platform registers the bill, by all that it has got of the carrier's word."""
    row = row_of(network, who, reference)
    first = titles.read_entry(orjson.loads(row["signed"])[0])
    issue, manifest = first.transactions[0], first.issuance_manifest_signed_content
    assert manifest is not None
    whom = issue_to({"transactions": [pint.to_json(issue)]})
    word = Issued(manifest, row["carrier"], issue.action_date_time, whom)
    return network.run(registry.registered(network[who], network.registry.base, row["id"], word))


def test_a_platform_that_got_a_notice_registers_nothing_before_the_one_that_has_the_title(guarded: Network) -> None:
    reference = issued(guarded)
    title = row_of(guarded, "STRA", reference)["id"]
    assert guarded.registry.control(title) == "STRA", "before the carrier hears that it is issued, and anybody else"
    body = {"action": "ENDORSE_TO_ORDER", "actor": pint.to_json(party("STRA"))}
    body["recipient"] = pint.to_json(party("MEKO"))
    assert guarded.post("STRA", "POST", f"/v1/titles/{reference}/actions", body).status_code == 200
    attempted(guarded, "STRA")
    assert registered_by(guarded, "MEKO", reference).stand is not Stand.OPEN
    moved(guarded, reference, "STRA", "FUJI")
    assert (guarded.holders(reference), guarded.registry.control(title)) == (["FUJI here"], "FUJI")


def test_a_former_holder_registers_nothing_that_was_issued_without_the_registry(guarded: Network) -> None:
    """The others ask it all the same: what nobody has registered goes on without it."""
    guarded["STRA"].registry = None
    try:
        reference = issued(guarded)
    finally:
        guarded["STRA"].registry = guarded.registry.base
    moved(guarded, reference, "STRA", "MEKO")
    moved(guarded, reference, "MEKO", "FUJI")
    assert registered_by(guarded, "MEKO", reference).stand is not Stand.OPEN
    moved(guarded, reference, "FUJI", "KAPU")
    assert guarded.holders(reference) == ["KAPU here"]


def test_nobody_has_a_title_before_the_registry_has_it(guarded: Network) -> None:
    """The carrier hears nothing, nobody can act, and it is not issued twice."""
    reference = guarded.issue("STRA")
    attempted(guarded, "STRA", Fate.ANSWER_LOST)
    assert (guarded.holders(reference), told_to_the_carrier(guarded, "STRA", reference)) == (["STRA sending"], [])
    assert guarded.transfer("STRA", reference, party("MEKO")).status_code == 409
    assert asked_to_issue(guarded, "FUJI", reference, party("FUJI")) == 204
    attempted(guarded, "FUJI")
    assert guarded.stands("FUJI", reference) == "sending"
    attempted(guarded, "STRA")
    (said,) = told_to_the_carrier(guarded, "STRA", reference)
    assert (said["issuanceResponseCode"], guarded.stands("STRA", reference)) == ("ISSU", "here")
    for _ in range(guarded["FUJI"].patience.attempts):
        attempted(guarded, "FUJI")
    (said,) = told_to_the_carrier(guarded, "FUJI", reference)
    assert (said["issuanceResponseCode"], said["errors"][0]["errorCode"]) == ("REFU", "control.registered")
    assert guarded.holders(reference) == ["STRA here"]


def test_what_one_platform_refused_and_another_issued_is_there_and_moves(guarded: Network) -> None:
    reference = "SIML29778"
    assert asked_to_issue(guarded, "STRA", reference, party("MEKO", NOBODY)) == 204
    attempted(guarded, "STRA")
    (said,) = told_to_the_carrier(guarded, "STRA", reference)
    assert said["issuanceResponseCode"] == "REFU"
    assert asked_to_issue(guarded, "FUJI", reference, party("FUJI")) == 204
    attempted(guarded, "FUJI")
    moved(guarded, reference, "FUJI", "KAPU")
    assert guarded.holders(reference) == ["KAPU here"]


# --- An issuance that is called back ---------------------------------------------------------------------------------


def called_back(network: Network, on: str, reference: str) -> int:
    (row,) = network[on].rows("select id from ebl_transfers where reference = ? and action = 'ISSUE'", reference)
    return network.post(on, "POST", f"/v1/transfers/{row['id']}:cancel").status_code


@pytest.mark.parametrize("registered", [True, False], ids=["in the registry", "at its receiver"])
def test_an_issuance_on_its_way_is_called_back(guarded: Network, plain: Network, registered: bool) -> None:
    """To a platform that answers nothing. The carrier hears REFU, and what comes late brings nothing there."""
    network, reference = guarded if registered else plain, f"SIML2977{registered:d}"
    assert asked_to_issue(network, "STRA", reference, party("MEKO")) == 204
    attempted(network, "STRA", *([Fate.THROUGH] if registered else []), Fate.LATE)
    assert network.holders(reference) == ["STRA sending"]
    assert called_back(network, "STRA", reference) == 200
    (said,) = told_to_the_carrier(network, "STRA", reference)
    assert (said["issuanceResponseCode"], said["errors"][0]["errorCode"]) == ("REFU", "issuance.called-back")
    network.run(network.arrives(len(network.late) - 1))
    assert network.holders(reference) == []
    assert asked_to_issue(network, "FUJI", reference, party("FUJI")) == 204
    attempted(network, "FUJI")
    assert network.holders(reference) == ["FUJI here"]


def test_an_issuance_that_the_registry_has_not_taken_is_called_back_there_and_comes_no_more(guarded: Network) -> None:
    reference = guarded.issue("STRA")
    attempted(guarded, "STRA", Fate.REQUEST_LOST)
    guarded.fates.append(Fate.REQUEST_LOST)
    assert (called_back(guarded, "STRA", reference), guarded.holders(reference)) == (503, ["STRA sending"])
    assert called_back(guarded, "STRA", reference) == 200
    assert guarded.holders(reference) == []
    assert asked_to_issue(guarded, "FUJI", reference, party("FUJI")) == 204
    attempted(guarded, "FUJI")
    assert guarded.holders(reference) == ["FUJI here"]


def test_an_issuance_that_the_registry_has_taken_is_not_called_back(guarded: Network) -> None:
    reference = guarded.issue("STRA")
    attempted(guarded, "STRA", Fate.ANSWER_LOST)
    assert called_back(guarded, "STRA", reference) == 409
    assert guarded.holders(reference) == ["STRA here"]


# --- What the registry says, and what it does not --------------------------------------------------------------------


def forked(network: Network, reference: str, to: str) -> int:
    """STRA, which had it first, signs a first entry that gives it to somebody else and names no registry."""
    row = row_of(network, "STRA", reference)
    issue = titles.read_entry(orjson.loads(row["signed"])[0]).transactions[0]
    step = cast.act("TRANSFER", party("STRA"), party(to), 500)
    document, key = orjson.loads(row["document"]), key_of("STRA")
    fork = first_entry(document, [issue, step], row["issuance_manifest"], key, "STRA")
    token = token_of(SEED, "STRA", to)
    return network.post(to, "POST", "/pint/v3/envelopes", make_envelope(document, [fork], key), token).status_code


def test_only_the_registry_itself_says_that_it_knows_nothing(guarded: Network) -> None:
    """A 404 that it has not signed; and one that it signed before, of another question."""
    reference = guarded.issue("STRA")
    title = row_of(guarded, "STRA", reference)["id"]
    _, before = guarded.registry.look_up(title, "e" * 64)
    assert peek(before["statement"])["control"] is None  # type: ignore[index]
    attempted(guarded, "STRA")
    moved(guarded, reference, "STRA", "MEKO")
    guarded.fates.append(Fate.ERROR)
    assert forked(guarded, reference, "FUJI") == 503
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guarded.registry, "look_up", lambda title, asked: (404, before))
        assert forked(guarded, reference, "FUJI") == 503
    assert forked(guarded, reference, "FUJI") == 409, "and what it says itself"
    assert guarded.holders(reference) == ["MEKO here"]


def test_an_answer_of_another_day_registers_nothing_and_kills_nothing(guarded: Network) -> None:
    """What the registry has signed of the bill before, in answer to others, comes again."""
    reference = issued(guarded)
    title = row_of(guarded, "STRA", reference)["id"]
    _, before = guarded.registry.look_up(title, "")
    assert guarded.transfer("STRA", reference, party("MEKO")).status_code == 200
    with pytest.MonkeyPatch.context() as patch:
        take = guarded.registry.take
        patch.setattr(
            guarded.registry, "take", lambda said: (409, before) if "accept" in str(peek(said)) else take(said)
        )
        attempted(guarded, "STRA")
    assert guarded.holders(reference) == ["STRA sending"]
    attempted(guarded, "STRA")
    assert guarded.holders(reference) == ["MEKO here"]
    assert asked_to_issue(guarded, "FUJI", reference, party("FUJI")) == 204
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guarded.registry, "take", lambda said: (200, before))
        attempted(guarded, "FUJI")
    assert guarded.holders(reference) == ["MEKO here", "FUJI sending"], "not issued there"
    assert told_to_the_carrier(guarded, "FUJI", reference) == []


@pytest.mark.parametrize("given", [False, True], ids=["never gave it", "gave it before"])
def test_a_registry_that_was_set_back_takes_nothing_from_who_holds_a_title(guarded: Network, given: bool) -> None:
    reference = issued(guarded)
    title = row_of(guarded, "STRA", reference)["id"]
    early, holder = guarded.registry.controls[title], "MEKO"
    moved(guarded, reference, "STRA", "MEKO")
    if given:  # by what it knows then, STRA has given it to MEKO; meanwhile STRA has it again
        early, holder = guarded.registry.controls[title], "STRA"
        moved(guarded, reference, "MEKO", "STRA")
    late, guarded.registry.controls[title] = guarded.registry.controls[title], early
    assert guarded.transfer(holder, reference, party("FUJI")).status_code == 200
    with capture_logs() as logs:
        for _ in range(guarded[holder].patience.attempts + 1):
            attempted(guarded, holder)
    assert guarded.holders(reference) == [f"{holder} sending"]
    errors = [each for each in logs if each["log_level"] == "error" and "set back" in each["event"]]
    assert errors and errors[0]["signed_now"] < errors[0]["signed_before"] and errors[0]["title"] == title
    (row,) = guarded[holder].rows("select last_error from ebl_transfers where state = 'in-doubt'")
    assert row["last_error"].startswith("control.set-back")
    guarded.registry.controls[title] = late
    attempted(guarded, holder)
    assert guarded.holders(reference) == ["FUJI here"]


def test_who_has_a_title_gives_it_up_by_what_it_gave_away_itself_alone(guarded: Network) -> None:
    """The registry says that another platform is in control, and not how it came there."""
    reference = issued(guarded)
    title = row_of(guarded, "STRA", reference)["id"]
    late = guarded.registry.controls[title]
    guarded.registry.controls[title] = replace(late, platform="FUJI", sequence=5)
    assert guarded.transfer("STRA", reference, party("MEKO")).status_code == 200
    for _ in range(guarded["STRA"].patience.attempts + 1):
        attempted(guarded, "STRA")
    assert guarded.holders(reference) == ["STRA sending"]
    guarded.registry.controls[title] = late
    attempted(guarded, "STRA")
    assert guarded.holders(reference) == ["MEKO here"]


def test_what_was_never_offered_in_the_registry_takes_no_place_for_ever(guarded: Network) -> None:
    reference, sent = issued(guarded), guarded["MEKO"]
    row = row_of(guarded, "STRA", reference)
    issue = pint.Transaction.model_validate(orjson.loads(row["pending"])[0])
    document, key, token = orjson.loads(row["document"]), key_of("STRA"), token_of(SEED, "STRA", "MEKO")
    limits, sent.limits = sent.limits, replace(sent.limits, unfinished=2)
    try:
        told = []
        for number in range(4):
            steps = [issue, cast.act("TRANSFER", party("STRA"), party("MEKO"), 500 + number)]
            first = first_entry(document, steps, row["issuance_manifest"], key, "STRA", registry=row["registry"])
            guarded.fates.append(Fate.ERROR)  # the registry says nothing that counts
            envelope = make_envelope(document, [first], key)
            told.append(guarded.post("MEKO", "POST", "/pint/v3/envelopes", envelope, token).status_code)
            guarded.fates.clear()
        assert told == [503, 503, 429, 429]
        query = "select state from ebl_incoming where title = ?"
        assert [each["state"] for each in sent.rows(query, row["id"])] == ["accepting"] * 2
        attempted(guarded, "MEKO")
        assert [each["state"] for each in sent.rows(query, row["id"])] == ["refused"] * 2, "the registry knows of none"
        moved(guarded, reference, "STRA", "MEKO")
        assert guarded.holders(reference) == ["MEKO here"]
    finally:
        sent.limits = limits


# --- What is dead, and what was replaced -----------------------------------------------------------------------------


@pytest.mark.parametrize("refused", [True, False], ids=["refused", "called back"])
def test_who_refused_an_issuance_hands_nothing_back(plain: Network, refused: bool) -> None:
    """MEKO has signed that it refuses it, and the carrier has issued the bill again, on FUJI. Then MEKO goes on as if
    it had taken it."""
    reference = f"SIML2978{refused:d}"
    assert asked_to_issue(plain, "STRA", reference, party("MEKO", NOBODY)) == 204
    if refused:
        attempted(plain, "STRA")
    else:
        assert called_back(plain, "STRA", reference) == 200
    (row,) = plain["STRA"].rows("select * from ebl_transfers where reference = ?", reference)
    assert row["state"] == ("refused" if refused else "cancelled")
    plain.issue("FUJI", reference, transportDocumentSubReference="2")
    value, key = cast.document("blank", transportDocumentReference=reference), key_of("MEKO")
    chain = orjson.loads(row["envelope"])["envelopeTransferChain"]
    step = cast.act("TRANSFER", party("MEKO", NOBODY), party("STRA"), 500)
    forged = make_envelope(value, [*chain, follow(chain, [step], key, "MEKO", row["title"])], key)
    answer = plain.post("STRA", "POST", "/pint/v3/envelopes", forged, token_of(SEED, "MEKO", "STRA"))
    assert (answer.status_code, peek(answer.json())["responseCode"]) == (409, "DISE")  # type: ignore[index]
    assert plain.holders(reference) == ["FUJI here"]


def test_in_the_place_of_one_void_bill_there_comes_one(plain: Network) -> None:
    reference = issued(plain)
    body = {"action": "SURRENDER_FOR_AMENDMENT", "reasonCode": "COD", "actor": pint.to_json(party("STRA"))}
    assert plain.post("STRA", "POST", f"/v1/titles/{reference}/actions", body).status_code == 200
    title = row_of(plain, "STRA", reference)["id"]
    (asked,) = plain["STRA"].rows("select reference from ebl_surrenders where title = ?", title)
    verdict = {"surrenderRequestReference": asked["reference"], "action": "SURR"}
    token = token_of(SEED, cast.CARRIER_CODE, "STRA")
    assert plain.post("STRA", "POST", "/ebl/v3/ebl-surrender-responses", verdict, token).status_code == 204
    old = {"oldTransportDocumentReferences": [{"transportDocumentReference": reference}]}
    inside = {"transportDocumentReplacements": old}
    assert asked_to_issue(plain, "STRA", "SIML29880", party("MEKO", NOBODY), **inside) == 204
    attempted(plain, "STRA")
    assert asked_to_issue(plain, "STRA", "SIML29881", party("STRA"), **inside) == 204, "the first was refused"
    assert asked_to_issue(plain, "STRA", "SIML29882", party("STRA"), **inside) == 204
    assert (plain.holders("SIML29880"), plain.holders("SIML29881")) == ([], ["STRA here"])
    (said,) = told_to_the_carrier(plain, "STRA", "SIML29882")
    assert (said["issuanceResponseCode"], said["errors"][0]["errorCode"]) == ("BREQ", "title.replaced-already")
    moved(plain, "SIML29881", "STRA", "MEKO")
    moved(plain, "SIML29881", "MEKO", "STRA")
    assert asked_to_issue(plain, "STRA", "SIML29883", party("STRA"), **inside) == 204
    assert plain.holders("SIML29883") == [], "wherever the one has been meanwhile"


def in_the_place_of_paper(network: Network, reference: str) -> issuing._Asked:
    """A request that names the same paper bill whatever its reference."""
    raw = issuance_request(cast.document("blank", transportDocumentReference=reference), party("STRA"))
    old = {"oldTransportDocumentReferences": [{"transportDocumentReference": "PAPER1"}]}
    raw = orjson.loads(orjson.dumps(raw | {"transportDocumentReplacements": old}))
    read = pint.read(IssuanceRequest, raw)
    assert isinstance(read, IssuanceRequest)
    asked = issuing._Asked(raw, read, cast.CARRIER_CODE, pint.checksum(raw["document"]), None)
    assert issuing._judge(network["STRA"], asked) == ()
    return asked


def test_in_the_place_of_one_paper_bill_there_comes_one_on_postgresql_too(
    plain: Network, postgresql_server: str
) -> None:
    first, second = (in_the_place_of_paper(plain, reference) for reference in ("SIML29951", "SIML29952"))
    engine, host = create_engine(new_database(postgresql_server, "replacing")), plain["STRA"]
    metadata.create_all(engine)

    def at_the_same_moment() -> None:
        with engine.begin() as connection:
            issuing._settle(connection, host, second, ())

    other = threading.Thread(target=at_the_same_moment)
    with engine.begin() as connection:
        issuing._settle(connection, host, first, ())
        other.start()
        _until_it_waits(engine, other)
    other.join(10)
    with engine.connect() as connection:
        titles_there = connection.execute(select(tables.titles.c.reference)).scalars().all()
        found = connection.execute(select(tables.issuances.c.state, tables.issuances.c.findings)).all()
    engine.dispose()
    assert titles_there == ["SIML29951"]
    assert sorted(each.state for each in found) == ["BREQ", "ISSU"]
    assert "title.replaced-already" in "".join(each.findings for each in found)


def _until_it_waits(engine: Engine, other: threading.Thread) -> None:
    """Until it waits for a lock, or has nothing to wait for."""
    deadline = time.monotonic() + 10
    with engine.connect() as connection:
        while other.is_alive() and time.monotonic() < deadline:
            if connection.execute(text("select count(*) from pg_locks where not granted")).scalar_one():
                return
            time.sleep(0.02)


def test_a_registry_that_does_not_know_the_carrier_refuses_signed(guarded: Network) -> None:
    """What it knows counts all the same: the title is issued elsewhere, and the carrier hears so."""
    reference = issued(guarded, "FUJI")
    guarded.registry.carriers = Trust({}, {})
    assert asked_to_issue(guarded, "KAPU", reference, party("KAPU")) == 204
    for _ in range(12):
        attempted(guarded, "KAPU")
    guarded.registry.carriers = CARRIERS
    (said,) = told_to_the_carrier(guarded, "KAPU", reference)
    assert (said["issuanceResponseCode"], said["errors"][0]["errorCode"]) == ("REFU", "control.registered")
    assert guarded.holders(reference) == ["FUJI here"]


def test_what_a_consulted_registry_has_is_not_issued_without_it(guarded: Network) -> None:
    reference = issued(guarded, "STRA")
    guarded["FUJI"].registry = None
    try:
        guarded.fates.append(Fate.REQUEST_LOST)
        assert asked_to_issue(guarded, "FUJI", reference, party("FUJI")) == 503, "only the registry can say so"
        assert told_to_the_carrier(guarded, "FUJI", reference) == []
        assert asked_to_issue(guarded, "FUJI", reference, party("FUJI")) == 204
        fresh = guarded.issue("FUJI")
    finally:
        guarded["FUJI"].registry = guarded.registry.base
    (said,) = told_to_the_carrier(guarded, "FUJI", reference)
    assert (said["issuanceResponseCode"], said["errors"][0]["errorCode"]) == ("REFU", "control.registered")
    assert (guarded.holders(reference), guarded.holders(fresh)) == (["STRA here"], ["FUJI here"])
