"""Signatures, receipts and proofs: made, and checked by anybody with public keys alone.

Pure: keys and the time are passed in; nothing here reads a file, a clock, a network or a random source.
"""
