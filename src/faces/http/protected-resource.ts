/** What clients need to get an access token (RFC 9728): who issues it, for which resource, with which scopes. */
import type { OAuthProtectedResourceMetadata } from '@modelcontextprotocol/server'
import type { FastifyInstance } from 'fastify'
import { fail } from '../../errors.ts'
import { accountIdInput } from '../../model/ids.ts'
import type { OAuthRules } from '../../model/oauth.ts'
import { accountIn } from '../../operations/call.ts'

export type ProtectedResource = {
  /** The names of the scopes that tokens can give. */
  scopes: OAuthRules['scopes']
  /** Returns the URL of the metadata of this account's MCP endpoint. */
  metadataUrl(account: string): string
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/**
 * Adds `GET /.well-known/oauth-protected-resource`, and the same with the path of each MCP endpoint. They say nothing of an account,
 * not even that it exists.
 * @param mcpUrl returns the URL of the account's MCP endpoint, which is the resource
 */
export function addProtectedResource(
  server: FastifyInstance,
  { issuer, scopes }: Pick<OAuthRules, 'issuer' | 'scopes'>,
  mcpUrl: (account: string) => string,
): ProtectedResource {
  for (const path of ['', '/mcp', '/accounts/:account/mcp'])
    server.get(WELL_KNOWN + path, { config: { isPublic: true } }, (request, reply) => {
      const account = accountIdInput.safeParse(accountIn(request.params))
      if (!account.success) fail('route_not_found')
      const metadata: OAuthProtectedResourceMetadata = {
        resource: mcpUrl(account.data),
        authorization_servers: [issuer],
        scopes_supported: [...scopes.values()],
        bearer_methods_supported: ['header'],
        resource_name: 'whatsapp-mcp-api',
      }
      return reply.header('cache-control', 'no-store').send(metadata)
    })
  return {
    scopes,
    metadataUrl(account) {
      const { origin, pathname } = new URL(mcpUrl(account))
      return origin + WELL_KNOWN + pathname
    },
  }
}
