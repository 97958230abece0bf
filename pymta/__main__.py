"""`python -m pymta` is `pymta`."""

from pymta.cli.app import main

if __name__ == "__main__":
    main()
