"""Certificates of origin: Form D of ATIGA, Form AJ of AJCEP, the certificate of RCEP."""
