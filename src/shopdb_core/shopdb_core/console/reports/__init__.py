"""The reports of plugins: their list, and each as a table with parameters."""
