"""How good synthetic speech is. Import from the modules: they need the [eval] extra, this package does not."""
