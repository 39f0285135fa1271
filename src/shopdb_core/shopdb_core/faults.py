"""What is wrong with a submission, place by place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a submission.

    `pointer` is a JSON pointer (RFC 6901) to the value at fault, `keyword` the rule that it breaks,
    `message` a sentence that never echoes more than 80 characters of a value.
    """

    pointer: str
    keyword: str
    message: str
