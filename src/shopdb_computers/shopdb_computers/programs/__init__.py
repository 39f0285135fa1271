"""The programs on computers: what submissions write of them, the counts, and the queries of reports."""
