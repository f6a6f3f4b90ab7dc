"""What happens to a message: intake, delivery, log, and the HTTP around them."""
