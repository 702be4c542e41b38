/** The certificate with which the double identifies as web.whatsapp.com. */
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'

export type Certificate = {
  key: string
  cert: string
  /** Base64 of the SHA-256 of the public key's SPKI, for `--ignore-certificate-errors-spki-list`. */
  spki: string
}

/**
 * Self-signed, valid for ten years; stored in `directory` (null: created anew), so that running browsers can
 * reconnect.
 */
export async function openCertificate(directory: string | null): Promise<Certificate> {
  const path = directory === null ? null : join(directory, 'certificate.json')
  const kept = path && readKept(path)
  const pair = kept || (await makePair())
  if (path && !kept) writeFileSync(path, JSON.stringify(pair), { mode: 0o600 })
  const der = new X509Certificate(pair.cert).publicKey.export({ type: 'spki', format: 'der' })
  return { ...pair, spki: createHash('sha256').update(der).digest('base64') }
}

async function makePair(): Promise<{ key: string; cert: string }> {
  const until = new Date()
  until.setFullYear(until.getFullYear() + 10)
  const made = await generate([{ name: 'commonName', value: 'web.whatsapp.com' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: until,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'web.whatsapp.com' }] }],
  })
  return { key: made.private, cert: made.cert }
}

function readKept(path: string): { key: string; cert: string } | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}
