/** Addresses of this computer. Imports nothing. */

/** Is this host name or address one that only this machine can reach? */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host === '::1' ||
    host === '[::1]' ||
    /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(host)
  )
}
