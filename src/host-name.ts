/** Names of hosts, in the form in which they are compared. */

/**
 * Returns the name, without a port, as `URL.hostname` has it: in lower case; an IPv6 address in brackets and in its shortest form. The
 * address may be given without brackets.
 */
export function toHostName(name: string): string {
  const url = `http://[${name.replace(/^\[(.*)\]$/, '$1')}]`
  return URL.canParse(url) ? new URL(url).hostname : name.toLowerCase()
}
