"""What was switched on in one world: faults, scripts, ways of officers, a recording. All of it is off in a world that
starts."""

from dataclasses import dataclass
from typing import Self

from simulator.faults import Faults
from simulator.officers import Officers
from simulator.recording import Recorder


@dataclass(frozen=True, slots=True)
class Switches:
    faults: Faults
    officers: Officers
    recorder: Recorder

    @classmethod
    def off(cls, seed: str) -> Self:
        return cls(Faults(seed), Officers(), Recorder(seed))
