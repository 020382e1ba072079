// panva's oauth4webapi, each check spelled out.
import { installed } from "../installed.mjs";
import { converse, settings } from "./lines.mjs";

const oauth = installed("oauth4webapi");
const http = { [oauth.allowInsecureRequests]: true };

await converse(async () => {
  const issuer = new URL(settings.issuer);
  const found = await oauth.discoveryRequest(issuer, { algorithm: settings.algorithm, ...http });
  const server = await oauth.processDiscoveryResponse(issuer, found);
  if (!server.code_challenge_methods_supported?.includes("S256")) throw new Error("S256 is not announced");

  const client = { client_id: settings.client_id };
  const authentication = {
    none: oauth.None,
    client_secret_basic: oauth.ClientSecretBasic,
    client_secret_post: oauth.ClientSecretPost,
  }[settings.authentication](settings.client_secret);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = settings.algorithm === "oidc" ? oauth.generateRandomNonce() : undefined;

  const url = new URL(server.authorization_endpoint);
  const parameters = {
    response_type: "code",
    client_id: settings.client_id,
    redirect_uri: settings.redirect_uri,
    scope: settings.scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...(nonce && { nonce }),
    ...settings.parameters,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);

  const acts = {
    async exchange(callback) {
      const answer = oauth.validateAuthResponse(server, client, new URL(callback), state);
      const response = await oauth.authorizationCodeGrantRequest(
        server, client, authentication, answer, settings.redirect_uri, verifier, http,
      );
      const expected = nonce ? { expectedNonce: nonce, requireIdToken: true } : {};
      const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, expected);
      if (nonce) await oauth.validateApplicationLevelSignature(server, response, http);
      return tokens;
    },
    async refresh(token) {
      const response = await oauth.refreshTokenGrantRequest(server, client, authentication, token, http);
      return oauth.processRefreshTokenResponse(server, client, response);
    },
    async revoke(token) {
      const response = await oauth.revocationRequest(server, client, authentication, token, http);
      return oauth.processRevocationResponse(response);
    },
  };
  return { authorization_url: url.href, acts };
});
