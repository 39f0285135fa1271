"""What people do to assets, each in one transaction with its audit entries."""
