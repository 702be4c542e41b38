/** Ranges of a file, and conditions on its version (RFC 9110, sections 13 and 14). */

/**
 * What a request wants of a file. `unsatisfiable`: a range that the file does not have. `unchanged`: nothing, because the client
 * has this version. `to` is exclusive.
 */
export type Wanted = 'all' | 'unsatisfiable' | 'unchanged' | { from: number; to: number }

type Asked = {
  method: string
  headers: {
    range?: string | undefined
    'if-range'?: string | undefined
    'if-none-match'?: string | undefined
  }
}

/**
 * Reads the headers. Several ranges, other units and malformed ranges count as no range, as the RFC allows; only GET has ranges.
 * @param etag with its quotes; null if the version is not known: then there are no conditions
 */
export function wantedOf({ method, headers }: Asked, sizeBytes: number, etag: string | null): Wanted {
  const known = headers['if-none-match']?.split(',').map((one) => one.trim().replace(/^W\//, '')) ?? []
  if (etag !== null && (known.includes(etag) || known.includes('*'))) return 'unchanged'
  const ifRange = headers['if-range']
  if (method !== 'GET' || (ifRange !== undefined && ifRange !== etag)) return 'all'
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range?.trim() ?? '') ?? []
  if (first === '' && last === '') return 'all'
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes)
    return length === 0 ? 'unsatisfiable' : { from: sizeBytes - length, to: sizeBytes }
  }
  const from = Number(first)
  const to = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes)
  if (last !== '' && Number(last) < from) return 'all'
  return from >= sizeBytes ? 'unsatisfiable' : { from, to }
}

/**
 * The header Content-Disposition for a name that other people chose: a plain one for old clients, and the whole one (RFC
 * 6266). No path, no controls, at most 200 characters.
 */
export function attachment(filename: string): string {
  const base = filename.split(/[\\/]/).at(-1) ?? ''
  const whole = [...base.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')]
    .slice(0, 200)
    .join('')
    .replace(/^\.+/, '')
    .trim()
  const name = whole === '' ? 'file' : whole
  const plain = name.replace(/[^\x20-\x7e]|["\\%;]/g, '_')
  const header = `attachment; filename="${plain}"`
  return plain === name ? header : `${header}; filename*=UTF-8''${encoded(name)}`
}

function encoded(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
}
