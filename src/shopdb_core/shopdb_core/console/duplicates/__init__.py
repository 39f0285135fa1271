"""What may be one device twice: the findings, and what to do about one."""
