"""A plugin's declaration: checked, compared, and turned into a schema that validates submissions."""
