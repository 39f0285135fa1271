"""Whether a plugin's version went the step that its changes need (semver.org, PEP 440)."""

from packaging.version import InvalidVersion, Version

from shopdb_core.plugins.compatibility.changes import Step


def step_made(old: Version, new: Version) -> Step:
    """Return the step from one version to the next.

    Below 1.0 the second number breaks, and the third one adds. A pre-release promises nothing, so that any
    change may follow it.
    """
    if new <= old:
        return Step.NONE
    if (old.epoch, old.major) != (new.epoch, new.major) or old.is_prerelease:
        return Step.MAJOR
    if old.minor != new.minor:
        return Step.MINOR if old.major else Step.MAJOR
    return Step.PATCH if old.major else Step.MINOR


def shortfall(needed: Step, old: str, new: str) -> str:
    """Say by how much the step from version to version falls short of what is needed; empty if it does not.

    Also empty where a plugin has no version, as one that a program passes in.
    """
    if needed is Step.NONE or not (old and new):
        return ""
    try:
        before, after = Version(old), Version(new)
    except InvalidVersion as error:
        return f"{error}: give the plugin a version as PEP 440 has it"
    made = step_made(before, after)
    if made >= needed:
        return ""
    step = f"a {made} step" if made else "no step forward"
    return (
        f"from {old} to {new} is {step}, and the changes need a {needed} one: release {least(before, needed)}"
    )


def least(old: Version, step: Step) -> str:
    """Return the least version that goes a step beyond an old one."""
    if not old.major and step < Step.MAJOR:
        return f"0.{old.minor}.{old.micro + 1}"
    if step is Step.PATCH:
        return f"{old.major}.{old.minor}.{old.micro + 1}"
    if step is Step.MINOR or not old.major:
        return f"{old.major}.{old.minor + 1}.0"
    return f"{old.major + 1}.0.0"
