"""What the control plane of a simulation, `/_sim/v1`, refuses; and the exception that carries it up."""

from schemas.findings import Finding, Kind, finding, register


class Refusal(Exception):
    """Ends a call of the control plane."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(findings[0].code)
        self.findings = findings


def refuse(code: str, pointer: str = "", *, found: object = "", expected: object = "") -> Refusal:
    """A refusal of one finding."""
    return Refusal(finding(code, pointer, found=found, expected=expected))


CONTROL = register(
    [
        Kind(
            "simulation.malformed",
            "The request to the simulation is not as it should be.",
            "Mend what the pointer names: docs/reference/simulation.md lists each call.",
            status=400,
        ),
        Kind(
            "simulation.no-such-path", "There is nothing at this path.", "See docs/reference/simulation.md.", status=404
        ),
        Kind(
            "simulation.clock-out-of-bounds",
            "The clock would leave the years in which documents mean something.",
            "Choose a time between the bounds, or go back first: tb clock real.",
            status=409,
        ),
        Kind("simulation.unknown-member", "No such member is in this world.", "tb member list shows them.", status=404),
        Kind(
            "simulation.unknown-space", "There is no such space in this world.", "tb space list shows them.", status=404
        ),
        Kind(
            "simulation.space-exists",
            "A space of this name exists.",
            "Choose another name, or drop it first.",
            status=409,
        ),
        Kind(
            "simulation.too-many-spaces",
            "The world has as many spaces as it can.",
            "Drop those that are over.",
            status=409,
        ),
        Kind(
            "simulation.bad-name",
            "Names are lower-case letters, digits and hyphens, at most 40.",
            "Choose such a name.",
            status=400,
        ),
        Kind("simulation.unknown-snapshot", "There is no such snapshot.", "tb snapshot list shows them.", status=404),
        Kind(
            "simulation.no-snapshots",
            "Snapshots are copies of a file, and this hub's store is a PostgreSQL.",
            "Start the world on SQLite, or copy the database with its own tools.",
            status=409,
        ),
        Kind("simulation.unknown-fault", "There is no such fault.", "tb fault recipes and tb fault list.", status=404),
        Kind("simulation.unknown-script", "There is no such script.", "tb script list shows them.", status=404),
        Kind(
            "simulation.unknown-document",
            "This member has not received such a document.",
            "tb journal --member ID --kind received shows what it has.",
            status=404,
        ),
        Kind(
            "simulation.unknown-run",
            "No such conformance run is kept here.",
            "GET /_sim/v1/conformance/runs and tb conformance results list them.",
            status=404,
        ),
        Kind(
            "simulation.unknown-system",
            "No such system has been tried here.",
            "Try it from a terminal first, which reads its file: tb conformance run --sut FILE.",
            status=404,
        ),
        Kind(
            "simulation.kit-busy",
            "The conformance kit plays one run at a time, and one is on.",
            "Wait for its end, or stop it: POST /_sim/v1/conformance/runs/{run}:stop.",
            status=409,
        ),
        Kind(
            "simulation.kit-cannot-start",
            "The conformance kit could not begin, or could not write its reports.",
            "What was found is the end of its log: mend that, and try again.",
            status=409,
        ),
        Kind(
            "simulation.no-office",
            "Only single windows have opening hours and a pace of their own.",
            "Give this member a pace: tb officer set MEMBER pace PT30M.",
            status=409,
        ),
        Kind(
            "simulation.too-many",
            "There are as many of these as there may be.",
            "Clear those that are over.",
            status=409,
        ),
        Kind(
            "simulation.no-control",
            "This world was started alone: it has no way to its hub's clock and spaces.",
            "Start both with tb up.",
            status=409,
        ),
        Kind("simulation.hub-away", "The hub does not answer.", "See whether it runs: tb doctor.", status=503),
        Kind("simulation.hub-failed", "The hub could not do it.", "Look into its log, beside the data.", status=500),
        Kind(
            "simulation.not-recording",
            "Nothing is being recorded in this world.",
            "Begin with tb record start; then speak to the hub at the address that it names.",
            status=409,
        ),
        Kind("simulation.busy", "The world is being reset.", "Try again in a moment.", status=503),
    ]
)
