/** A real issuer of access tokens (oidc-provider) on a free port, and the person who signs in there. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import Provider from 'oidc-provider'

export type OAuthIssuer = {
  url: string
  /** A client with a secret, which needs no person. */
  client: { id: string; secret: string }
  /** Returns an access token of this client, as the issuer makes it. */
  tokenFor(resource: string, scope: string): Promise<string>
  /** Signs these claims with the issuer's key, or with another key of the same name. */
  sign(claims: JWTPayload, by?: 'issuer' | 'stranger'): Promise<string>
  /** Signs in and consents, as a browser does. Returns where the browser is sent in the end. */
  signIn(authorizationUrl: URL): Promise<URL>
  /** From now on, requests wait until the returned function is called. */
  hold(): () => void
  close(): Promise<void>
}

const SCOPES = ['read', 'send', 'manage', 'admin'].map((scope) => `whatsapp:${scope}`).join(' ')
const KEY_ID = 'the-key'
const HOUR_S = 3_600

export async function openIssuer(): Promise<OAuthIssuer> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [own, other] = [await generateKeyPair('RS256', { extractable: true }), await generateKeyPair('RS256')]
  const client = { id: 'agent', secret: 'the-secret-of-the-agent' }
  const provider = new Provider(url, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(own.privateKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['only-in-tests'] },
    scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    ttl: {
      AccessToken: HOUR_S,
      ClientCredentials: HOUR_S,
      Session: HOUR_S,
      Grant: HOUR_S,
      Interaction: HOUR_S,
    },
    features: {
      devInteractions: { enabled: true },
      registration: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_: unknown, resource: string) => ({
          scope: SCOPES,
          audience: resource,
          accessTokenTTL: HOUR_S,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
        useGrantedResource: () => true,
      },
    },
  })
  provider.on('server_error', (_, error) => console.error(error))
  let open = Promise.resolve()
  server.on('request', async (request, response) => {
    await open
    await provider.callback()(request, response)
  })
  return {
    url,
    client,
    async tokenFor(resource, scope) {
      const response = await fetch(`${url}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope }),
      })
      const { access_token: token } = (await response.json()) as { access_token: string }
      return token
    },
    sign: (claims, by = 'issuer') =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: KEY_ID, typ: 'at+jwt' })
        .sign((by === 'issuer' ? own : other).privateKey),
    signIn: (at) => signIn(at, url),
    hold() {
      let release = () => {}
      open = new Promise((resolve) => {
        release = resolve
      })
      return release
    },
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  }
}

/** Follows redirects, and fills in each form on the way. */
async function signIn(at: URL, issuer: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let to = at
  let form: URLSearchParams | null = null
  for (let step = 0; step < 12; step += 1) {
    const response: Response = await fetch(to, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === null ? {} : { method: 'POST', body: form }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    form = null
    const location = response.headers.get('location')
    if (location !== null) {
      to = new URL(location, to)
      if (to.origin !== issuer) return to
      continue
    }
    const page = await response.text()
    const [, action] = /<form[^>]*action="([^"]+)"/.exec(page) ?? []
    const [, prompt] = /name="prompt" value="(\w+)"/.exec(page) ?? []
    if (action === undefined || prompt === undefined) throw new Error(`${response.status} ${page}`)
    to = new URL(action, to)
    form = new URLSearchParams({ prompt, login: 'mia', password: 'any' })
  }
  throw new Error(`no end at ${to}`)
}
