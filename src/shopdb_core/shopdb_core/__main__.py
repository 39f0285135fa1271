"""`python -m shopdb_core` is `shopdb`."""

from shopdb_core.cli import main

if __name__ == "__main__":
    main()
