"""What a check found out about a plugin."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a plugin, or worth knowing (`isnote`).

    `place` names the hook, example, report or file; `what` says what is wrong there, `mend` the next step.
    """

    place: str
    what: str
    mend: str = ""
    isnote: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"
