"""The ePA für alle as primary systems speak with it."""
