"""The errors of the package: one base class, three children, each message one sentence."""


class StayrateError(Exception):
    """Any fault that the package reports on purpose: the rule, the value got, the way out."""


class StudyError(StayrateError):
    """A study file that cannot be read as a study."""


class EvidenceError(StayrateError):
    """A table that cannot be used as evidence."""


class RunError(StayrateError):
    """A run that cannot start, finish or be read."""
