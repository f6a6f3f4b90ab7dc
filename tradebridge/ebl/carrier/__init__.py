"""The carrier's side of an electronic bill of lading: DCSA's EBL API as its provider, issuance, surrender.

    accepted   api.py          a request is schema-valid, stored, answered 202
    processed  clerk.py        its step is taken (schemas/bill_of_lading/carriage.py), the content with it
    decided    officer.py      what the carrier does next, by rule; or a person does, through officers.py
    told       post.py         notifications to consumers, requests and answers to platforms, until they are taken

1. What is answered is durable. A step, the content that it changes and all that must be sent because of it are one
   transaction: a carrier that is killed at any moment goes on where it was.
2. What is sent is sent at least once, in the order of its document; who gets it can tell a repetition.
3. No step is taken that the tables of `carriage.py` do not have.
"""

from tradebridge.ebl.carrier import refusals

__all__ = ["refusals"]
