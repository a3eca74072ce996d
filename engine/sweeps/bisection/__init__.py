"""Which of the lines in which two recipes differ made the result worse."""
