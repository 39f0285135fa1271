"""Whether a plugin's next declaration still takes what its last one took, and which version step that is."""
