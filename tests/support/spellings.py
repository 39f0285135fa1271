"""Identities that a database's collation might compare wrongly."""

ONE = [
    ["pc-1", "PC-1", "Pc-1", " pc-1 ", "\u00a0pc-1\n"],
    ["stra\u00dfe", "STRASSE", "Stra\u1e9ee"],
    ["\u00e9cran", "e\u0301cran", "\u00c9CRAN", "E\u0301cran"],
    ["\u1f88", "\u1f80", "\u1f00\u03b9"],
    ["\u212b1", "\u00c51", "A\u030a1"],
    ["\ufb01le", "FILE", "file"],
    ["\u0149\u0323", "\u02bc\u1e47"],
]
"""Lists of spellings of one identity."""

SEVERAL = [
    ["\U0001f600", "\U0001f601", "\U0001f602"],
    ["\U00020000", "\U00020001"],
    ["pc-1", "pc-\u0661", "pc-\uff11"],
    ["a", "\u0430", "\u00e0", "\u0101"],
    ["pc 1", "pc  1", "pc1", "pc\u200b1"],
    ["1", "01", "1.0", "+1"],
    ["true", "false", "nan", "1"],
    ["o'neil", 'o"neil', "o\\neil", "o%neil", "o_neil"],
    ["stra\u00dfe", "strase"],
    ["\u0131", "i", "i\u0307"],
]
"""Lists of different identities that look alike."""
