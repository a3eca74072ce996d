"""How often 'better' is said wrongly in a run without any gain, and what being right costs."""
