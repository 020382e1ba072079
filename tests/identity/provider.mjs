// panva's OpenID provider, as an institution's would be. Its argument is a JSON object:
//   clients   client metadata as in dynamic registration
//   accounts  { subject: { claim: value } }; who signs in names a subject, and any password will do
//   claims    { scope: [claim] }: which claims a scope asks for
//   claims_in_id_token  whether they come in the ID token too, and not from userinfo alone
// Prints its issuer as a line of JSON once it serves. Each line of JSON that it then reads replaces members of the
// argument; {"keys": "new"} makes new signing keys instead. It answers {} when that is done, and ends with its input.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import { installed } from "./installed.mjs";

const { Provider } = installed("oidc-provider");
const { default: MemoryAdapter } = installed("oidc-provider/lib/adapters/memory_adapter.js");

// Its notices would stand between our lines.
console.info = console.warn;

const LASTING = ["AccessToken", "Grant", "IdToken", "Interaction", "RefreshToken", "Session"];
const remembered = new Map();
let settings = JSON.parse(process.argv[2]);
let keys = newKeys();
let answer;

function newKeys() {
  const pairs = [
    generateKeyPairSync("rsa", { modulusLength: 2048 }),
    generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ];
  return pairs.map(({ privateKey }) => privateKey.export({ format: "jwk" }));
}

function build(issuer) {
  const provider = new Provider(issuer, {
    adapter: (model) => new MemoryAdapter(model, remembered),
    claims: settings.claims,
    clients: settings.clients,
    conformIdTokenClaims: !settings.claims_in_id_token,
    cookies: { keys: ["invented"] },
    features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
    findAccount: (_, subject) => {
      const claims = settings.accounts[subject];
      return claims && { accountId: subject, claims: () => ({ sub: subject, ...claims }) };
    },
    issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
    jwks: { keys },
    pkce: { required: () => true },
    scopes: Object.keys(settings.claims),
    // Said, since it warns of each that it has to guess.
    ttl: Object.fromEntries(LASTING.map((kind) => [kind, 3600])),
  });
  answer = provider.callback();
}

const server = createServer((request, response) => answer(request, response));
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  build(issuer);
  console.log(JSON.stringify({ issuer }));
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      const { keys: wanted, ...changes } = JSON.parse(line);
      if (wanted === "new") keys = newKeys();
      settings = { ...settings, ...changes };
      build(issuer);
      console.log(JSON.stringify({}));
    })
    .on("close", () => process.exit());
});
