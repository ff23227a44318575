"""`python -m lookaloud` is the command `lookaloud`."""

from lookaloud.cli import main

if __name__ == "__main__":
    main()
