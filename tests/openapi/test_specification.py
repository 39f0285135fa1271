"""The document is valid OpenAPI 3.1."""

from openapi_spec_validator import OpenAPIV31SpecValidator


def test_the_document_is_valid(site, server, fetch_document):
    """A validator of the specification finds nothing."""
    document = fetch_document(server, site.token())

    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert document["openapi"].startswith("3.1.")
