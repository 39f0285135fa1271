"""For the tests of a plugin: `assert_conforms`, and in `fixtures` what pytest gets.

Imported by every pytest beside which shopdb-core is installed, so nothing heavy is imported here.
"""


def assert_conforms(plugin: object, *, name: str | None = None) -> None:
    """Run every check; raises `AssertionError` with what `shopdb plugin check` would say.

    `plugin` is the name of an installed plugin, or the module or instance that its entry point names; one
    that is not installed goes by `name`. Raises `ShopDBError` where there is no such plugin, or the extra
    `testing` is missing.
    """
    from shopdb_core.devkit import check_plugin  # noqa: PLC0415  # heavy, and wanted by few of the pytests
    from shopdb_core.devkit.subject import candidate_of  # noqa: PLC0415  # likewise

    __tracebackhide__ = True  # pytest shows the verdict and no line of ours
    verdict = check_plugin(candidate_of(plugin, name))
    if not verdict.conforms:
        raise AssertionError(f"\n{verdict}")
