// Starts the npm package oidc-provider for tests: an OpenID provider that is certified and not ours.
//
// It reads one line of JSON from its standard input (see ../src/oidc_provider.rs) and writes one line of JSON for each
// thing that happens: first {"listening": PORT}, then the provider's own events. It ends when its input is closed, so
// that it never outlives whoever started it. Keys are new at every start; nothing is kept.

import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const EVENTS = [
  'authorization.error', 'authorization.success', 'backchannel.error', 'backchannel.success', 'discovery.error',
  'end_session.error', 'end_session.success', 'end_session_confirm.error', 'grant.error', 'grant.revoked', 'grant.success',
  'interaction.ended', 'jwks.error', 'refresh_token.consumed', 'refresh_token.destroyed', 'refresh_token.saved',
  'revocation.error', 'server_error',
];

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

createInterface({ input: process.stdin })
  .once('line', (line) => start(JSON.parse(line)))
  .once('close', () => process.exit());

async function start({ modules, port, algorithms, ...told }) {
  const load = (path) => import(pathToFileURL(join(modules, 'node_modules', path)));
  const { default: Provider, errors, interactionPolicy } = await load('oidc-provider/lib/index.js');
  const jose = await load('jose/dist/webapi/index.js');
  const server = createServer();
  server.listen(port, '127.0.0.1', async () => {
    const issuer = told.issuer ?? `http://127.0.0.1:${server.address().port}`;
    const jwks = { keys: await Promise.all(algorithms.map((algorithm) => key(jose, algorithm))) };
    const provider = new Provider(issuer, configuration({ algorithms, jwks, errors, interactionPolicy, ...told }));
    if (told.acrValues.length) signInWithAcr(provider, told.acrValues);
    EVENTS.forEach((event) => provider.on(event, (...facts) => say(line(event, facts))));
    server.on('request', told.issuer ? behindProxy(provider, new URL(issuer).pathname) : provider.callback());
    say({ listening: server.address().port });
  });
}

async function key({ generateKeyPair, exportJWK }, alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...await exportJWK(privateKey), alg, use: 'sig', kid: `${alg}-${process.pid}` };
}

// What it sends browsers to is where the proxy says that they are, below the issuer's path.
function behindProxy(provider, path) {
  const answer = provider.callback();
  provider.proxy = true;
  return (request, response) => {
    if (!request.url.startsWith(`${path}/`)) return response.writeHead(404).end();
    request.originalUrl = request.url;
    request.url = request.url.slice(path.length);
    return answer(request, response);
  };
}

function configuration({ algorithms, clients, users, resources, acrValues, routes, jwks, errors, interactionPolicy }) {
  const settingsOf = (id) => clients.find((client) => client.client_id === id).settings;
  const lifetime = (name) => (_, token, client) => settingsOf(client.clientId)[name];
  return {
    clients: clients.map(({ settings, ...metadata }) => metadata),
    jwks,
    features: {
      // Its own login and consent pages: any password is right, and a name that is none of `users` is nobody.
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource },
      backchannelLogout: { enabled: true },
      introspection: { enabled: true },
      clientCredentials: { enabled: true },
      jwtUserinfo: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo: (_, indicator) => {
          const resource = resources[indicator];
          if (!resource) throw new errors.InvalidTarget();
          const { scope, algorithm } = resource;
          const format = algorithm ? { accessTokenFormat: 'jwt', jwt: { sign: { alg: algorithm } } } : { accessTokenFormat: 'opaque' };
          return { scope, audience: indicator, ...format };
        },
      },
    },
    acrValues,
    routes,
    interactions: { policy: policy(interactionPolicy, acrValues) },
    extraTokenClaims: (_, { accountId, clientId }) => (settingsOf(clientId).richAccessTokens ? users[accountId] : undefined),
    findAccount: (_, id) => users[id] && { accountId: id, claims: () => ({ sub: id, ...users[id] }) },
    scopes: ['openid', ...[...clients, ...Object.values(resources)].flatMap(({ scope }) => scope.split(' '))],
    claims: { email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    // Claims of the granted scopes stand in the ID token, not at the userinfo endpoint only.
    conformIdTokenClaims: false,
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: (ctx) => settingsOf(ctx.oidc.client.clientId).rotate,
    pkce: { required: () => true },
    enabledJWA: { idTokenSigningAlgValues: algorithms, userinfoSigningAlgValues: algorithms },
    cookies: { keys: ['a test only'] },
    ttl: {
      AccessToken: lifetime('accessToken'),
      AuthorizationCode: 60,
      ClientCredentials: lifetime('accessToken'),
      Grant: 3600,
      IdToken: lifetime('idToken'),
      Interaction: 600,
      RefreshToken: lifetime('refreshToken'),
      Session: 3600,
    },
    // The package's own guard refuses loopback addresses, where the relying parties of tests are.
    fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  };
}

// The package takes `acr_values` for a wish. Here a sign-in that has none of them, though it could, is done again.
function policy({ base, Check }, acrValues) {
  const rules = base();
  const wish = new Check('acr_values', 'a stronger sign-in was asked for', ({ oidc }) => {
    const wanted = wantedOf(oidc.params, acrValues);
    return wanted.length > 0 && !wanted.includes(oidc.acr);
  });
  rules.get('login').checks.push(wish);
  return rules;
}

const wantedOf = ({ acr_values: wish }, acrValues) => (wish ?? '').split(' ').filter((acr) => acrValues.includes(acr));

// Its own login page never says how somebody has signed in: they did as they were asked, and weakly if nobody asked.
function signInWithAcr(provider, acrValues) {
  const finish = provider.interactionFinished.bind(provider);
  provider.interactionFinished = async (request, response, result, options) => {
    if (!result.login) return finish(request, response, result, options);
    const { params } = await provider.interactionDetails(request, response);
    const acr = wantedOf(params, acrValues)[0] ?? acrValues[0];
    return finish(request, response, { ...result, login: { ...result.login, acr } }, options);
  };
}

// A form that says yes: a browser sends it by itself, a test client without script as it stands.
function logoutSource(ctx, form) {
  const yes = form.replace('</form>', '<input type="hidden" name="logout" value="yes"/></form>');
  ctx.body = `<!DOCTYPE html><title>Sign-out</title>${yes}<script>document.forms[0].submit()</script>`;
}

// What a test may ask about an event: never a token.
function line(event, facts) {
  const [first] = facts;
  const error = facts.find((fact) => fact instanceof Error);
  const client = first?.oidc?.client?.clientId ?? first?.clientId;
  return { event, client, error: error && `${error.message}: ${error.error_detail ?? error.error_description ?? ''}` };
}
