"""EVERY FIGURE THAT IS QUOTED, with its command: `make bench`, or `make bench ONLY=name` for one group."""
