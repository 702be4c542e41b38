/** Reads the preferred type from an Accept header (RFC 9110, 12.5.1). */

/**
 * Returns true if the client prefers plain text to HTML. Browsers, curl's wildcard and a missing header return false.
 */
export function prefersText(accept: string | undefined): boolean {
  if (accept === undefined) return false
  return quality(accept, 'text/plain') > quality(accept, 'text/html')
}

/** Returns the quality of a type, 0 to 1, from the most specific matching range. */
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
