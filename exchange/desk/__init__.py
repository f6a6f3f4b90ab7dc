"""The Desk: officers of members that have no system of their own."""
