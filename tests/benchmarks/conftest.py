"""The benchmarks' tests use a site in the test's own process."""

from shops import make_shop

__all__ = ["make_shop"]
