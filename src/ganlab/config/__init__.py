"""What an experiment can say; read without torch."""
