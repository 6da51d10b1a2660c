"""HOW RECORDS COME IN: files or an API are read, staged, mended, checked, and landed batch by batch."""

from resource_api.directory.load.land import Progress, load
from resource_api.directory.load.open_input import FORMATS, Input, Named, open_input, scratch_folder
from resource_api.directory.load.record_sources import SourceFacts
from resource_api.directory.load.report import NounCount, Report, RowProblem
from resource_api.directory.load.retire import RetirePlan
from resource_api.directory.load.run_record import Options

__all__ = [
    "FORMATS",
    "Input",
    "Named",
    "NounCount",
    "Options",
    "Progress",
    "Report",
    "RetirePlan",
    "RowProblem",
    "SourceFacts",
    "load",
    "open_input",
    "scratch_folder",
]
