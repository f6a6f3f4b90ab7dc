"""The two platforms: a ledger position that fits, and DCSA's documents as they are."""

import json

import pytest

from adapters.platforms.dcsa.codec import json_path_of, pointer_of
from adapters.port import find_adapter
from schemas.content import Syntax
from schemas.registry import profiles
from tests.adapters.speakers import ADDRESS, example

TRADEWALTZ = find_adapter("tradewaltz", "JP").codec
DCSA = find_adapter("dcsa", "SG").codec


def test_a_dcsa_rendition_is_the_document_itself() -> None:
    for profile in ("dcsa-transport-document/3.0", "dcsa-shipping-instructions/3.0"):
        document = example(profile)
        assert DCSA.encode(document, ADDRESS).data == profiles()[profile].encode[Syntax.JSON](document)
        assert DCSA.encode(document, ADDRESS).losses == ()


def test_a_message_that_does_not_fit_its_ledger_position_is_refused() -> None:
    data = TRADEWALTZ.encode(example("dcsa-transport-document/3.0"), ADDRESS).data
    message = json.loads(data)
    message["tradeDocument"]["number"] = "SIML9999999"
    found = TRADEWALTZ.decode(json.dumps(message).encode())
    assert isinstance(found, tuple)
    assert found[0].pointer == "/ledger/transaction"


@pytest.mark.parametrize(
    ("pointer", "path"),
    [
        ("", ""),
        ("/items/0/hsCode", "$['items']['0']['hsCode']"),
        ("/it's", r"$['it\'s']"),
        ("/a\\b//c", r"$['a\\b']['']['c']"),
        ("box 8", "box 8"),
    ],
)
def test_pointers_become_json_paths_and_come_back(pointer: str, path: str) -> None:
    assert json_path_of(pointer) == path
    assert pointer_of(path) == pointer
