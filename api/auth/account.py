"""Being signed in: as whom, and out again."""

from flask import Response, current_app, request

from api.auth import cookies
from api.auth.oidc import Provider, SignInRefused
from api.auth.pages import blueprint, page, refusal, see
from api.auth.visiting import current_visitor, provider_of, providers, settings
from api.serving import database
from tenants.access import joining, sign_in
from tenants.access.models import Connection
from tenants.kernel.errors import Forbidden
from tenants.people import actions
from tenants.people.models import Membership

blp = blueprint("account")


@blp.get("/account")
def account() -> Response:
    """Who one is signed in as, and out."""
    signed_in = cookies.session_in(request)
    if signed_in is None:
        return refusal(401, "You are not signed in.")
    with database().tenant(signed_in[0]) as session:
        visiting = current_visitor(session, signed_in[0])
        if visiting is None or visiting.membership_id is None:
            return refusal(401, "You are not signed in.")
        tenant = sign_in.refuse_closed_tenant(session)
        member = session.get_one(Membership, (tenant.id, visiting.membership_id))
        offer = not visiting.who.personal and not joining.has_personal(session, member.person_id)
        session.commit()
    csrf_token = cookies.csrf_token(signed_in[1])
    return page(
        "account",
        tenant=tenant.name,
        name=member.shown_name or member.external_id,
        personal_offer=f"/sign-in/{tenant.slug}/personal?link={csrf_token}"
        if offer and settings().platform_issuer
        else None,
        personal=visiting.who.personal,
        groups_locked=member.groups_locked,
        csrf_token=csrf_token,
    )


@blp.post("/account/groups")
def lock_groups() -> Response:
    """Lock one's groups to one's own sign-in, or open them to any that their programs admit."""
    signed_in = cookies.session_in(request)
    if signed_in is None:
        return refusal(401, "You are not signed in.")
    if cookies.is_forged(request, signed_in[1]):
        raise Forbidden("This form is not from here.", code="forged_form")
    with database().tenant(signed_in[0]) as session:
        visiting = current_visitor(session, signed_in[0])
        if visiting is None or visiting.membership_id is None:
            return refusal(401, "You are not signed in.")
        sign_in.refuse_closed_tenant(session)
        session.info["actor"] = f"membership:{visiting.membership_id}"
        session.identify(membership_id=visiting.membership_id, person_id=visiting.person_id)
        actions.lock_groups(session, locked=request.form.get("groups") == "lock")
        session.commit()
    return see("/account")


@blp.post("/sign-in/end")
def end() -> Response:
    """Sign out, here or everywhere, and then at the provider."""
    signed_in = cookies.session_in(request)
    if signed_in is None:
        return see("/sign-in/ended")
    tenant_id, token = signed_in
    if cookies.is_forged(request, token):
        raise Forbidden("This form is not from here.", code="forged_form")
    provider = None
    with database().tenant(tenant_id) as session:
        visiting = current_visitor(session, tenant_id)
        if visiting is not None:
            found = visiting.who.connection_id and session.get(
                Connection, (tenant_id, visiting.who.connection_id)
            )
            provider = provider_of(session, found or None)
            if visiting.membership_id is not None and request.form.get("where") == "everywhere":
                sign_in.sign_out_everywhere(session, membership_id=visiting.membership_id)
        sign_in.end_session(session, token=token)
        session.commit()
    return cookies.drop_session(see(_ended_at(provider)))


def _ended_at(provider: Provider | None) -> str:
    ended = f"{current_app.config['PUBLIC_URL']}/sign-in/ended"
    try:
        there = provider and providers().end_session_url(provider, return_to=ended)
    except SignInRefused:  # signed out here in any case
        there = None
    return there or ended


@blp.get("/sign-in/ended")
def ended() -> Response:
    """Where a provider sends the browser after it signed out."""
    return page("notice", heading="You are signed out", said="You can close this page.")
