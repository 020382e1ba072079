"""Programs and their attributes, over HTTP."""


def test_a_program_from_a_template_brings_its_attributes(tenant):
    made = tenant.api.post("/v1/programs", json={"name": "Circles", "template": "nih_k_awardees"})
    assert made.status_code == 201
    listed = tenant.api.get(made.headers["Location"] + "/attributes").get_json()["items"]
    assert "institution" in [attribute["key"] for attribute in listed]


def test_an_edit_needs_the_version_that_was_read(tenant):
    made = tenant.api.post("/v1/programs", json={"name": "Circles"})
    url, etag = made.headers["Location"], made.headers["ETag"]
    assert tenant.api.patch(url, json={"name": "Pods"}).status_code == 428
    edited = tenant.api.patch(url, json={"name": "Pods"}, headers={"If-Match": etag})
    assert (edited.status_code, edited.get_json()["name"]) == (200, "Pods")
    assert tenant.api.patch(url, json={"name": "Rings"}, headers={"If-Match": etag}).status_code == 412


def test_what_is_not_understood_is_refused_by_name(tenant):
    answer = tenant.api.post("/v1/programs", json={"name": "Circles", "colour": "red"})
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == [
        {"pointer": "/colour", "code": "unknown_field", "detail": "Unknown field."}
    ]
    assert tenant.api.get("/v1/programs?colour=red").get_json()["errors"][0]["pointer"] == "?colour"
    assert tenant.api.post("/v1/programs", data="{", content_type="application/json").status_code == 400
    assert tenant.api.post("/v1/programs", data="name=x").status_code == 415


def test_lists_page_by_cursor_in_order_and_say_the_same_as_the_resource(tenant):
    made = [tenant.api.post("/v1/programs", json={"name": f"Program {n}"}).get_json() for n in range(5)]
    seen, url = [], "/v1/programs?limit=2"
    while url:
        answer = tenant.api.get(url)
        seen += answer.get_json()["items"]
        url = answer.headers.get("Link", "").partition(">")[0].lstrip("<") or None
    assert seen == made


def test_another_tenants_program_is_unknown(tenant, new_tenant):
    url = tenant.api.post("/v1/programs", json={"name": "Circles"}).headers["Location"]
    assert new_tenant().api.get(url).status_code == 404


def test_a_repeated_request_gets_its_first_answer(tenant):
    key = {"Idempotency-Key": '"abc"'}
    first = tenant.api.post("/v1/programs", json={"name": "Circles"}, headers=key)
    again = tenant.api.post("/v1/programs", json={"name": "Circles"}, headers=key)
    assert again.get_json() == first.get_json()
    assert tenant.api.post("/v1/programs", json={"name": "Other"}, headers=key).status_code == 422
    assert len(tenant.api.get("/v1/programs").get_json()["items"]) == 1
