"""The profile `cost-statement/1`: its policy, codec, rules and example. It goes to issuing authorities only."""

from schemas.certificate.statement import (
    FAMILY,
    PROFILE,
    decode_statement,
    encode_statement,
    example_statement,
    recognises_statement,
    statement_of,
)
from schemas.certificate.statement_rules import check_statement
from schemas.content import Syntax
from schemas.registry import Profile, add_profile

add_profile(
    Profile(
        id=PROFILE,
        title="Cost statement of an exporter",
        family=FAMILY,
        syntaxes=(Syntax.JSON,),
        closed=True,
        retention_years=5,
        recognises=recognises_statement,
        decode=decode_statement,
        check=check_statement,
        encode={Syntax.JSON: encode_statement},
        example=example_statement,
        issuing_side=lambda document: statement_of(document).exporting_country,
    )
)
