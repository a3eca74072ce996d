"""How often `cantus bisect` finds planted causes, what that takes, and whom it accuses wrongly."""
