"""`python -m tradebridge.cli`: the command line where the scripts are not on the path."""

from tradebridge.cli import main

if __name__ == "__main__":
    main()
