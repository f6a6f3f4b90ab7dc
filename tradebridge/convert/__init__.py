"""Conversions: a certificate of origin in other forms than its own, there and back, with what each form loses."""
