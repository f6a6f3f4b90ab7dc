"""What happens to a message: accepted, logged, delivered, answered."""
