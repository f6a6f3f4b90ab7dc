"""Hypothesis: any JSON that DCSA's schemas allow, drawn from the models' own JSON Schema, unknown members included."""

from typing import Any

from hypothesis import strategies as st

from schemas.bill_of_lading.values import TRIMMED, Part

UNKNOWN = st.dictionaries(
    st.text("abcXYZ/~ é", min_size=1, max_size=8).map(lambda name: f"x{name}"),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=3,
    ),
    max_size=2,
)
"""What a sender may add of its own."""
LINE = "abc XYZ,.-/é日本"
CHOICES = {
    "ContactDetail": ("phone", "email"),
    "ContactDetailWithPattern": ("phone", "email"),
    "PlaceOfIssue": ("UNLocationCode", "countryCode"),
    "InvoicePayableAt": ("UNLocationCode", "freeText"),
    "DangerousGoods": ("UNNumber", "NANumber"),
}
"""Of these members one must be there, and mostly not both."""


def json_of(part: type[Part]) -> st.SearchStrategy[dict[str, Any]]:
    """Any valid JSON object of this class."""
    schema = part.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    return _object(definitions.get(part.__name__, schema), part.__name__, definitions, 0)


@st.composite
def _object(
    draw: st.DrawFn, schema: dict[str, Any], name: str, definitions: dict[str, Any], depth: int
) -> dict[str, Any]:
    members = schema["properties"]
    wanted = set(schema.get("required", []))
    optional = sorted(members.keys() - wanted - set(CHOICES.get(name, ())))
    if optional and depth < 8:
        wanted |= set(draw(st.lists(st.sampled_from(optional), max_size=4, unique=True)))
    if name in CHOICES:
        wanted.add(draw(st.sampled_from(CHOICES[name])))
    value = {member: draw(_value(members[member], definitions, depth + 1)) for member in members if member in wanted}
    if name == "UtilizedTransportEquipmentShipper":
        needed = "equipment" if value["isShipperOwned"] else "equipmentReference"
        value[needed] = draw(_value(members[needed], definitions, depth + 1))
    return value | (draw(UNKNOWN) if draw(st.integers(0, 9)) == 0 else {})


def _value(schema: dict[str, Any], definitions: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if "anyOf" in schema:
        schema = next(each for each in schema["anyOf"] if each.get("type") != "null")
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        definition = definitions[name]
        if "enum" in definition:
            return st.sampled_from(definition["enum"])
        return st.deferred(lambda: _object(definition, name, definitions, depth))
    if schema["type"] == "array":
        least = schema.get("minItems", 0)
        return st.lists(_value(schema["items"], definitions, depth), min_size=least, max_size=least + 1)
    simple = {"boolean": st.booleans(), "integer": _whole(schema), "number": _number(schema), "string": _text(schema)}
    return simple[schema["type"]]


def _whole(schema: dict[str, Any]) -> st.SearchStrategy[int]:
    return st.integers(int(schema.get("minimum", -1000)), int(schema.get("maximum", 100_000)))


def _number(schema: dict[str, Any]) -> st.SearchStrategy[int | float]:
    above = "exclusiveMinimum" in schema
    least, most = schema.get("minimum", schema.get("exclusiveMinimum", -1000)), schema.get("maximum", 10_000_000)
    whole = st.integers(int(least) + above, int(most))
    return whole | st.floats(least, most, exclude_min=above, allow_subnormal=False)


def _text(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date":
        return st.dates().map(str)
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda moment: f"{moment.replace(microsecond=0).isoformat()}Z")
    least, most = schema.get("minLength", 0), min(schema.get("maxLength", 12), 12)
    pattern = schema.get("pattern")
    if pattern == TRIMMED:
        return st.text(LINE, min_size=1, max_size=most).map(str.strip).filter(bool)
    if pattern is not None:
        return st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="ascii")).filter(
            lambda text: least <= len(text) <= schema.get("maxLength", 12)
        )
    return st.text(LINE + "\n", min_size=least, max_size=most)
