/** What a caller would rather have, from its Accept header (RFC 9110, 12.5.1). */

/**
 * Does it prefer plain text to HTML? Only where it says so: browsers, curl's wildcard and a missing header do not.
 */
export function prefersText(accept: string | undefined): boolean {
  if (accept === undefined) return false
  return quality(accept, 'text/plain') > quality(accept, 'text/html')
}

/** 0 to 1: how much the type is wanted, by the range that names it most closely. */
function quality(accept: string, type: string): number {
  const ranges = new Map(
    accept.split(',').map((range) => {
      const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
      const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      return [name, q === undefined ? 1 : Number(q) || 0]
    }),
  )
  return ranges.get(type) ?? ranges.get('text/*') ?? ranges.get('*/*') ?? 0
}
