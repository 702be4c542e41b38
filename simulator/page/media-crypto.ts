/** The encryption of media in the page; see service/media-crypto.ts, which opens the same files in Node. */
import { mediaKeyInfo } from '../media-key-info.ts'

const macBytes = 10

type Keys = { iv: ArrayBuffer; cipher: CryptoKey; mac: CryptoKey }

export const toBase64 = (bytes: ArrayBuffer): string =>
  btoa([...new Uint8Array(bytes)].map((byte) => String.fromCharCode(byte)).join(''))
const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (char) => char.charCodeAt(0))

/** Base64 of the SHA-256. */
export async function hashOf(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<string> {
  return toBase64(await crypto.subtle.digest('SHA-256', bytes))
}

async function keysOf(type: string, mediaKey: string): Promise<Keys> {
  const given = await crypto.subtle.importKey('raw', fromBase64(mediaKey), 'HKDF', false, ['deriveBits'])
  const info = new TextEncoder().encode(mediaKeyInfo(type))
  const all = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info },
    given,
    112 * 8,
  )
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  return {
    iv: all.slice(0, 16),
    cipher: await crypto.subtle.importKey('raw', all.slice(16, 48), 'AES-CBC', false, ['encrypt', 'decrypt']),
    mac: await crypto.subtle.importKey('raw', all.slice(48, 80), hmac, false, ['sign']),
  }
}

async function macOf({ iv, mac }: Keys, encrypted: ArrayBuffer): Promise<ArrayBuffer> {
  const signed = await new Blob([iv, encrypted]).arrayBuffer()
  return (await crypto.subtle.sign('HMAC', mac, signed)).slice(0, macBytes)
}

/** A new media key, base64. */
export function newMediaKey(): string {
  return toBase64(crypto.getRandomValues(new Uint8Array(32)).buffer)
}

/** The file as it is uploaded. */
export async function encryptMedia(type: string, mediaKey: string, bytes: ArrayBuffer): Promise<ArrayBuffer> {
  const keys = await keysOf(type, mediaKey)
  const encrypted = await crypto.subtle.encrypt({ name: 'AES-CBC', iv: keys.iv }, keys.cipher, bytes)
  return new Blob([encrypted, await macOf(keys, encrypted)]).arrayBuffer()
}

/** The bytes of a downloaded file; undefined if the key or the type is wrong, or it was changed. */
export async function decryptMedia(
  type: string,
  mediaKey: string,
  file: ArrayBuffer,
): Promise<ArrayBuffer | undefined> {
  const keys = await keysOf(type, mediaKey)
  const encrypted = file.slice(0, -macBytes)
  if (toBase64(await macOf(keys, encrypted)) !== toBase64(file.slice(-macBytes))) return undefined
  return crypto.subtle.decrypt({ name: 'AES-CBC', iv: keys.iv }, keys.cipher, encrypted)
}
