"""The commands of the command line, one module each; the table is in `lookaloud.cli`."""
