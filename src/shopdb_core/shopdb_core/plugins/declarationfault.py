"""What is wrong with a declaration, place by place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeclarationFault:
    """One fault of a declaration.

    `place` is a JSON pointer (RFC 6901) into the declaration, `reason` a sentence: what is wrong
    there and how to mend it.
    """

    place: str
    reason: str
