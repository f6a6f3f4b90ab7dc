"""What the record of people tells: facts out of an export, and the questions that they raise. Pure."""
