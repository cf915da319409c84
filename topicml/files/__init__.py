"""Output on disk: written completely or not at all, by one process at a time, and never over files of others."""

from topicml.files.folders import atomic_folder, recover, replace_folder
from topicml.files.outputs import Outputs
from topicml.files.single import atomic_file, check_absent, utf8_name
from topicml.files.staging import claim, clean_leftovers, shown_place, temporary_folder
from topicml.files.text import file_json, shown

__all__ = [
    "Outputs",
    "atomic_file",
    "atomic_folder",
    "check_absent",
    "claim",
    "clean_leftovers",
    "file_json",
    "recover",
    "replace_folder",
    "shown",
    "shown_place",
    "temporary_folder",
    "utf8_name",
]
