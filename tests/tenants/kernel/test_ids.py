"""Bearers say their tenant; whatever else is sent is nobody's."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.kernel.ids import bearer, digest, new_id, tenant_of


@settings(database=None)
@given(tenant=st.uuids(), secret=st.text("0123456789abcdef", min_size=1))
def test_a_bearer_names_its_tenant(tenant, secret):
    assert tenant_of(bearer("plt", tenant, secret), "plt") == tenant
    assert tenant_of(bearer("plt", tenant, secret), "plc") is None


@settings(database=None)
@given(text=st.text())
def test_whatever_is_no_bearer_names_nobody(text):
    assert tenant_of(text, "plt") is None or text.startswith("plt_")
    assert tenant_of("plt_" + text, "plt") is None or len(text.partition("_")[0]) == 32


@pytest.mark.parametrize(
    "text", ["", "plt", "plt__", "plt_" + "g" * 32 + "_x", "plt_" + "0" * 32 + "_", "plt_" + "0" * 31 + "-_x"]
)
def test_a_broken_bearer_names_nobody(text):
    assert tenant_of(text, "plt") is None


def test_ids_are_made_in_order_and_secrets_are_long():
    made = [new_id() for _ in range(100)]
    assert made == sorted(made)
    assert {each.version for each in made} == {7}
    secrets = {bearer("pls", UUID(int=0)).rpartition("_")[2] for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {64}
    assert len(digest("x")) == 32
