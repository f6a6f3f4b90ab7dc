"""The keys by which the hub signs for a member with a desk: the member's, in the hub's custody."""

import asyncio
from pathlib import Path

from exchange.config import Settings
from exchange.desk.policy import Desk, wrong_with_desk
from exchange.desk.signing import ensure_keys, signer_for
from exchange.hub import open_hub
from exchange.members import add_member
from exchange.records import Actor
from schemas.findings import Finding, finding
from tests.exchange.cast import NOW, description


def test_with_keys_in_files_the_hub_makes_one_for_the_member_and_trusts_it_as_the_members(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data": tmp_path, "clock": NOW})
    hub = open_hub(settings)
    said = description("TH-NSW", keys=[], simulated=False, desk={})
    hub.writer.do_now(lambda connection: add_member(connection, said, "tb_live_key"))
    hub.reload()
    member = hub.registry.members["TH-NSW"]
    assert member.desk == Desk()
    before = signer_for(hub, "TH-NSW", "event")
    assert isinstance(before, Finding) and before.code == "desk.no-key"  # nobody believes it yet

    async def ensured() -> None:
        for _ in range(2):
            await ensure_keys(hub, hub.registry.members["TH-NSW"], Actor("OPERATOR"))

    asyncio.run(ensured())
    signer = signer_for(hub, "TH-NSW", "event")
    assert not isinstance(signer, Finding) and signer.member == "TH-NSW"
    key = hub.registry.trust.key(signer.kid)
    assert key is not None and set(key.purposes) == {"document", "event", "ack"}
    path = tmp_path / "keys" / "default" / "desks" / "TH-NSW.pem"
    assert path.stat().st_mode & 0o77 == 0
    hub.writer.stop()
    hub.database.close()


def _wrong(said: dict[str, object]) -> list[Finding]:
    def wrong(pointer: str, found: object, expected: str) -> Finding:
        return finding("member.malformed", pointer, found=found, expected=expected)

    return list(wrong_with_desk(said, wrong))


def test_what_a_member_says_of_its_desk_is_told_whole_where_it_is_wrong() -> None:
    pushed = {"mode": "push", "url": "http://127.0.0.1:1"}
    found = _wrong({"desk": {"fourEyes": ["maybe"], "hours": 0}, "delivery": pushed, "style": "asw"})
    assert [each.pointer for each in found] == ["/desk/fourEyes", "/desk/hours", "/delivery", "/style"]
    assert _wrong({"desk": {"fourEyes": ["accepted"], "hours": 48}}) == [] == _wrong({"desk": None})
    assert [each.pointer for each in _wrong({"desk": {"eyes": 4}})] == ["/desk"]
