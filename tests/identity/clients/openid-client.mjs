// panva's openid-client, used as an application would.
import { installed } from "../installed.mjs";
import { converse, settings } from "./lines.mjs";

const openid = installed("openid-client");

await converse(async () => {
  const authentication = {
    none: openid.None,
    client_secret_basic: openid.ClientSecretBasic,
    client_secret_post: openid.ClientSecretPost,
  }[settings.authentication](settings.client_secret);
  const oidc = settings.algorithm === "oidc";
  const execute = [openid.allowInsecureRequests, ...(oidc ? [openid.enableNonRepudiationChecks] : [])];
  const server = await openid.discovery(new URL(settings.issuer), settings.client_id, undefined, authentication, {
    algorithm: settings.algorithm,
    execute,
  });
  if (!server.serverMetadata().supportsPKCE()) throw new Error("S256 is not announced");

  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const nonce = oidc ? openid.randomNonce() : undefined;
  const url = openid.buildAuthorizationUrl(server, {
    redirect_uri: settings.redirect_uri,
    scope: settings.scope,
    state,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...(nonce && { nonce }),
    ...settings.parameters,
  });

  const expected = {
    pkceCodeVerifier: verifier,
    expectedState: state,
    ...(nonce && { expectedNonce: nonce, idTokenExpected: true }),
  };
  const acts = {
    exchange: (callback) => openid.authorizationCodeGrant(server, new URL(callback), expected),
    refresh: (token) => openid.refreshTokenGrant(server, token),
    revoke: (token) => openid.tokenRevocation(server, token),
  };
  return { authorization_url: url.href, acts };
});
