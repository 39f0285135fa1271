"""Whether a site is in order: the doctor's checks, the settings, readiness."""
