"""`python -m eagerloop`: the command, where its script is not on the path."""

from eagerloop.cli import main

if __name__ == "__main__":
    main()
