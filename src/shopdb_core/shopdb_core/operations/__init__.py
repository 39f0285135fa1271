"""What those who run a site need: readiness, metrics, the doctor, backups."""
