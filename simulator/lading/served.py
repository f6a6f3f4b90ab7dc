"""The applications of the platforms and of the carrier, each over a folder of its own. All of the engine is imported
here: see `mounted.py`."""

from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI

from simulator.clock import Clock
from simulator.lading.cast import Places, carrier_configuration, pint_signer, platform_configuration
from simulator.lading.goods import booking_of
from simulator.lading.story import load_goods
from simulator.members import CARRIER_CODE
from simulator.platform import Settings, platform_app
from tradebridge.ebl.carrier.app import carrier_app
from tradebridge.ebl.carrier.office import Office
from tradebridge.ebl.carrier.settings import Settings as CarrierSettings


def platform_of(code: str, seed: str, places: Places, clock: Clock, folder: Path) -> FastAPI:
    settings = Settings.from_json(platform_configuration(code, seed, places, None))
    return platform_app(replace(settings, clock=clock), folder)


def carrier_of(seed: str, places: Places, clock: Clock, folder: Path) -> FastAPI:
    at = clock.now() if clock.stands else None
    settings = carrier_configuration(seed, places, at, booking_of(load_goods()))
    office = Office(CarrierSettings.model_validate(settings), pint_signer(seed, CARRIER_CODE), clock.now)
    return carrier_app(office, folder)
