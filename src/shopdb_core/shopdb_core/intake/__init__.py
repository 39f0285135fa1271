"""From the bytes of a request to a clean submission: read, decode, parse, shape, drop faulty values."""
