"""What a valid document is, and what a valid life of it is: pure, without I/O, clock or database."""
