"""The distribution that `shopdb plugin new` writes."""
