"""Types and collations on the database servers, where they decide what is equal, sorted, or kept."""

import pytest

EXACT = {
    "postgresql": {
        ("asset", "identitykey"): "bytea",
        ("asset", "createdat"): "timestamp without time zone",
        ("assetattributes", "attributes"): "text",
        ("computers_software", "name"): "character varying C",
        ("printers_supply", "levelpercent"): "double precision",
    },
    "mysql": {
        ("asset", "assettype"): "varchar(40) utf8mb4_bin",
        ("asset", "identitykey"): "varbinary(1530)",
        ("asset", "createdat"): "datetime(6)",
        ("assetattributes", "attributes"): "longtext utf8mb4_",
        ("assetevidence", "value"): "varbinary(1530)",
        ("auditentry", "diff"): "longtext utf8mb4_",
        ("serveddeclaration", "declaration"): "longtext utf8mb4_",
        ("serveddeclaration", "plugin"): "varchar(40) utf8mb4_bin",
        ("computers_software", "name"): "varchar(400) utf8mb4_bin",
        ("printers_supply", "levelpercent"): "double",
    },
}
"""Columns, and their type and collation as each database reports them."""

SCHEMA = {"postgresql": "current_schema()", "mysql": "database()"}


@pytest.mark.parametrize("database_kind", EXACT)
def test_columns_compare_and_keep_exactly(site, database_kind):
    """Bytes for keys, whole microseconds and floats, and no collation for which two names are equal."""
    site.upgrade()
    shown = "column_type" if database_kind == "mysql" else "data_type"

    for (table, column), expected in EXACT[database_kind].items():
        ((kind, collation),) = site.database.query(
            f"SELECT {shown}, collation_name FROM information_schema.columns "
            f"WHERE table_name = :table AND column_name = :column AND table_schema = {SCHEMA[database_kind]}",
            table=table,
            column=column,
        )
        assert f"{kind} {collation or ''}".strip().startswith(expected)
