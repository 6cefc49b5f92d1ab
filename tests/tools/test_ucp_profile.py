"""The profile against the protocol's own schemas, and against what the shop has."""

import pytest

from tests.tools.ucp.specs import validator
from tools.ucp import LOOKUP, SEARCH
from tools.ucp_profile import ucp_profile


def test_the_profile_is_one_of_a_business() -> None:
    business = validator("ucp.json", "#/$defs/business_schema")
    business.validate(ucp_profile("https://shop.example")["ucp"])
    assert not business.is_valid({"version": "2026-08-25", "services": {}})  # it can say no


@pytest.mark.parametrize("base", ["https://shop.example", "https://shop.example/"])
def test_the_endpoints_are_where_the_shop_is_served(base: str) -> None:
    [services] = ucp_profile(base)["ucp"]["services"].values()
    endpoints = {service["transport"]: service["endpoint"] for service in services}
    assert endpoints == {"rest": "https://shop.example/api", "mcp": "https://shop.example/mcp"}


def test_the_capabilities_are_those_that_answers_name() -> None:
    profile = ucp_profile("https://shop.example")["ucp"]
    assert set(profile["capabilities"]) == {SEARCH, LOOKUP}
    assert profile["payment_handlers"] == {}
