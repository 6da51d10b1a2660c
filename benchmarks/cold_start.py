"""HOW SOON IT ANSWERS: from starting the server's process to its first 200.

Measured: gunicorn with one worker of this application on a small ready database, first by `/livez`, then by a real
search (`/search?need=food`), which also loads the need vocabulary and opens the database.

Against: the same gunicorn with one worker of a Flask application of one view. Starts alternate (ours, ours, bare);
the figures are medians.
"""

from collections.abc import Iterator
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.backend import Backend
from benchmarks.figure import Figure, is_small
from benchmarks.index_database import index_databases
from benchmarks.serving import bare_command, free_port, our_command, serving

BACKENDS = ("SQLite", "PostgreSQL")
STARTS = 9
MOST_TIMES_BARE = 4.0


def measure(backend: Backend) -> Iterator[Figure]:
    """Start each server in turn, several times."""
    [url] = index_databases((1_000,), backend)
    taken: dict[str, list[float]] = {"/livez": [], "/search?need=food": [], "bare Flask": []}
    with TemporaryDirectory() as folder:
        env = {"DATABASE_URL": url, "INSTANCE_PATH": folder}
        # One start of each that does not count: it compiles and reads what every later one finds ready.
        for number in range(1 + (3 if is_small() else STARTS)):
            for name in taken:
                port = free_port()
                bare = name == "bare Flask"
                command = (bare_command if bare else our_command)(port, workers=1)
                with serving(command, port, "/livez" if bare else name, env) as seconds:
                    if number:
                        taken[name].append(seconds)
    medians = {name: median(values) for name, values in taken.items()}
    for name, value in medians.items():
        yield Figure(f"cold_start.{name}", round(value * 1000), "ms")
    for name in ("/livez", "/search?need=food"):
        ratio = medians[name] / medians["bare Flask"]
        yield Figure(f"cold_start.{name} ÷ bare Flask", round(ratio, 2), "×", MOST_TIMES_BARE)
