/** Checks the addresses of URLs that callers give: this computer, private networks and metadata services of clouds are forbidden. */
import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { lookup as lookUp } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'

/** A name server that answers later does not delay the request. */
const PATIENCE_MS = 1_500

/** Thrown by the connection if the name resolves to an address that is not public. */
export class ForbiddenAddress extends Error {
  constructor() {
    super('The address is private, of this computer, or reserved.')
    this.name = 'ForbiddenAddress'
  }
}

/** True if the address (not a name) is one of the public internet. */
export function isPublic(address: string): boolean {
  return isIP(address) !== 0 && ipaddr.parse(address).range() === 'unicast' && !isOurs(address)
}

/** Azure's metadata service (learn.microsoft.com, "What is IP address 168.63.129.16?"). */
const METADATA = ['168.63.129.16']

/** A connection to an address of this computer passes no firewall, although the address may be public. */
function isOurs(address: string): boolean {
  const bare = ipaddr.parse(address).toString()
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  return METADATA.includes(bare) || own.some((one) => ipaddr.parse(one.address).toString() === bare)
}

/** Returns the host of a URL as an address; null if it is a name. */
export function addressOf({ hostname }: URL): string | null {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return isIP(bare) === 0 ? null : bare
}

/**
 * True if the host is, or at present resolves to, an address that is not public. A name that cannot be resolved now is not
 * forbidden, because each connection checks again.
 */
export async function isForbidden(url: URL): Promise<boolean> {
  const address = addressOf(url)
  if (address !== null) return !isPublic(address)
  const late = new Promise<LookupAddress[]>((resolve) => setTimeout(resolve, PATIENCE_MS, []).unref())
  const found = await Promise.race([lookUp(url.hostname, { all: true }).catch(() => []), late])
  return found.some((one) => !isPublic(one.address))
}

/**
 * Looks a name up for one connection, which then uses exactly these addresses. Fails with {@link ForbiddenAddress} if one of
 * them is not public. Node does not call it for a host that is an address.
 */
export const guardedLookup: LookupFunction = (hostname, options: LookupOptions, done) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, [])
    if (!addresses.every(({ address }) => isPublic(address))) return done(new ForbiddenAddress(), [])
    if (options.all === true) return done(null, addresses)
    const [first] = addresses
    return done(null, first?.address ?? '', first?.family)
  })
}
