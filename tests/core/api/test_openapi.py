"""`/api/openapi.json` describes every route by what its resource declares, and `/api/docs` shows it."""

import re
from typing import ClassVar

import falcon
import pytest
from falcon.testing import create_environ

from shopdb_hookspecs import Parameter, Report, hookimpl

HOSTILE = "<script>alert('&')</script>"


class Racks:
    """A plugin with shared subschemas, a report with a parameter, and texts that are HTML."""

    @hookimpl
    def get_collector_schema(self):
        unit = {"type": "object", "properties": {"inner": {"$ref": "#/$defs/unit"}}}
        return {
            "identityfield": "name",
            "$defs": {"unit": unit},
            "fields": {
                "name": {"type": "string", "description": HOSTILE},
                "units": {"type": "array", "items": {"$ref": "#/$defs/unit"}},
            },
        }

    @hookimpl
    def get_example_submissions(self):
        return [{"name": HOSTILE}]

    @hookimpl
    def get_reports(self):
        size = Parameter("size", "integer", HOSTILE, required=True)
        return [Report("free_racks", "Free racks", ("name", "title"), lambda _, **__: [], (size,))]


class Undeclared:
    """A resource that declares its role alone."""

    roles: ClassVar = {"GET": "viewer"}

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer anything."""
        resp.media = []


@pytest.fixture
def shop(make_shop):
    """Return a site with everything that has an address, the metrics included."""
    return make_shop(metrics_token="a-token-for-the-metrics-0123456789-abcd")


def document(shop):
    """Return the OpenAPI document of a site."""
    return shop.get("/api/openapi.json").json


def operations(shop):
    """Return every operation, by its method and address."""
    return {
        (method.upper(), address): operation
        for address, methods in document(shop)["paths"].items()
        for method, operation in methods.items()
    }


def test_every_route_is_described(shop):
    """Each method of each route, at its template or at the paths that it leads to, and nothing else."""
    app = shop.client.app
    described = set()
    for method, address in operations(shop):
        path = re.sub(r"\{\w*id\}", "1", address).replace("{plugin}", "computers")
        described.add((method, app._router.find(path, create_environ(path))[3]))

    offered = {(method, route.template) for route in app.routes for method in route.responders()}
    assert described == offered


def test_every_responder_declares_what_it_answers(shop):
    """One that does not is described without its body, and with any error: add it to its `operations`."""
    app = shop.client.app

    missing = [
        f"{type(route.resource).__name__}.{responder}"
        for route in app.routes
        for responder in route.responders().values()
        if responder not in getattr(route.resource, "operations", ())
    ]

    assert missing == []


def test_a_route_without_a_declaration_is_described_all_the_same(shop):
    """Its role is known, and whatever it answers fits."""
    shop.client.app.add_route("/api/more/{number:id}", Undeclared())

    operation = operations(shop)["GET", "/api/more/{number}"]

    assert operation["responses"].keys() == {"2XX", "default"}
    assert (operation["summary"], operation["x-role"]) == ("Answer anything", "viewer")
    assert operation["parameters"][0]["schema"]["maximum"] == 2**63 - 1


def test_an_operation_says_who_may_call_it_and_what_can_go_wrong(shop):
    """The role decides the scheme and the statuses 401 and 403, the body those of bodies."""
    found = operations(shop)

    assert found["GET", "/api/health"]["security"] == []
    assert found["GET", "/api/assets"]["security"] == [{"token": ["viewer"]}, {"session": ["viewer"]}]
    assert found["POST", "/api/assets"]["security"] == [
        {"token": ["editor"]},
        {"session": ["editor"], "csrftoken": []},
    ]
    assert found["POST", "/api/collector/computers"]["security"] == [{"collectorkey": []}]
    assert found["GET", "/metrics"]["security"] == [{"metricstoken": []}]
    assert found["GET", "/metrics"]["responses"].keys() == {"200", "400", "401", "500", "503"}
    assert found["GET", "/api/assets"]["responses"].keys() == {"200", "400", "401", "403", "500", "503"}
    assert found["PATCH", "/api/assets/{assetid}"]["responses"].keys() == {
        "200", "400", "401", "403", "404", "409", "410", "412", "413", "415", "422", "428", "500", "503",
    }  # fmt: skip
    assert {"404", "429"} <= found["POST", "/api/collector/computers"]["responses"].keys()
    assert "404" in found["GET", "/api/collector/_schemas/{plugin}"]["responses"]


def test_a_declared_status_has_the_answer_of_its_operation(shop):
    """What a server that is not ready answers is not a problem document."""
    responses = operations(shop)["GET", "/api/ready"]["responses"]

    schemas = [responses[status]["content"]["application/json"]["schema"] for status in ("200", "503")]
    assert schemas == [{"$ref": "#/components/schemas/Readiness"}] * 2


def test_a_form_has_a_schema_of_its_own(shop):
    """Browsers sign in with a form, and go on to a page."""
    operation = operations(shop)["POST", "/api/auth/login"]

    content = operation["requestBody"]["content"]
    assert {name: media["schema"]["$ref"].rpartition("/")[2] for name, media in content.items()} == {
        "application/json": "Credentials",
        "application/x-www-form-urlencoded": "SignInForm",
    }
    headers = {status: operation["responses"][status]["headers"].keys() for status in ("200", "303")}
    assert headers["303"] - headers["200"] == {"Location"}


def test_parameters_have_their_limits(shop):
    """Those of the query, of the path, and the headers."""
    listed = operations(shop)["GET", "/api/assets"]["parameters"]
    patched = operations(shop)["PATCH", "/api/assets/{assetid}"]["parameters"]

    limit = next(each for each in listed if each["name"] == "limit")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    assert [(each["name"], each["in"], each["required"]) for each in patched] == [
        ("assetid", "path", True),
        ("dryrun", "query", False),
        ("If-Match", "header", True),
    ]


def test_the_legacy_endpoint_is_deprecated(shop):
    """It alone is, and its answers have the headers that announce its end."""
    found = operations(shop)

    assert [key for key, each in found.items() if each.get("deprecated")] == [("POST", "/api/collector/pc")]
    headers = found["POST", "/api/collector/pc"]["responses"]["201"]["headers"]
    assert {"Deprecation", "Sunset", "Link"} <= headers.keys()
    assert "ComputerName" in document(shop)["components"]["schemas"]["LegacySubmission"]["properties"]


def test_plugins_bring_their_schemas_examples_and_reports(make_shop):
    """References into `$defs` lead to the component; a report has a path, and so has its file."""
    shop = make_shop({"racks": Racks()})
    found = operations(shop)
    schema = document(shop)["components"]["schemas"]["RacksSubmission"]

    body = found["POST", "/api/collector/racks"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/RacksSubmission"}
    assert body["examples"] == {"example1": {"value": {"name": HOSTILE}}}
    reference = "#/components/schemas/RacksSubmission/$defs/unit"
    assert schema["$defs"]["unit"]["properties"]["inner"] == {"$ref": reference}
    report = found["GET", "/api/reports/racks/free_racks"]
    assert {each["name"]: each["required"] for each in report["parameters"]}["size"]
    assert "text/csv" in found["GET", "/api/reports/racks/free_racks.csv"]["responses"]["200"]["content"]


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/docs"])
def test_viewers_read_it(shop, path):
    """The schemas of collectors are for viewers, not for everybody."""
    assert shop.client.simulate_get(path).status_code == 401
    assert shop.get(path).status_code == 200


def test_a_client_that_has_it_gets_304(shop):
    """The document has an ETag, which changes with the plugins."""
    etag = shop.get("/api/openapi.json").headers["etag"]
    headers = {**shop.bearer(), "If-None-Match": etag}

    assert shop.client.simulate_get("/api/openapi.json", headers=headers).status_code == 304


def test_the_page_shows_every_operation_and_loads_nothing(shop):
    """Its policy allows only its own style, and no address in it leads elsewhere."""
    answer = shop.get("/api/docs")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; style-src 'sha256-" in answer.headers["content-security-policy"]
    assert not re.search(r"<(script|link|img|iframe)|@import|url\(| style=", answer.text)
    assert {target[0] for target in re.findall(r'(?:href|src)="([^"]*)"', answer.text)} == {"#"}
    for operation in operations(shop).values():
        assert f'id="{operation["operationId"]}"' in answer.text


def test_texts_of_plugins_are_escaped(make_shop):
    """In descriptions, examples and parameters."""
    page = make_shop({"racks": Racks()}).get("/api/docs").text

    assert page.count("&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;") >= 3
    assert "<script" not in page
