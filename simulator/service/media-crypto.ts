/**
 * The encryption of media, as phones do it: HKDF-SHA256 of the media key, AES-256-CBC, and the first ten bytes of an
 * HMAC-SHA256 of IV and ciphertext (whatsmeow: download.go, upload.go; Baileys: messages-media.ts).
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'
import { mediaKeyInfo } from '../media-key-info.ts'

const MAC_BYTES = 10

function keysOf(type: string, mediaKey: string) {
  const key = Buffer.from(mediaKey, 'base64')
  const all = Buffer.from(hkdfSync('sha256', key, Buffer.alloc(32), mediaKeyInfo(type), 112))
  return { iv: all.subarray(0, 16), cipher: all.subarray(16, 48), mac: all.subarray(48, 80) }
}

/** Base64 of the SHA-256. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64')
}

/** The file as it lies on the media host. */
export function encryptMedia(type: string, mediaKey: string, bytes: Uint8Array): Buffer {
  const { iv, cipher, mac } = keysOf(type, mediaKey)
  const aes = createCipheriv('aes-256-cbc', cipher, iv)
  const encrypted = Buffer.concat([aes.update(bytes), aes.final()])
  return Buffer.concat([encrypted, macOf(mac, iv, encrypted)])
}

/** The bytes of a file on the media host. Throws a sentence if it was not encrypted with this key for this type. */
export function decryptMedia(type: string, mediaKey: string, file: Uint8Array): Buffer {
  const { iv, cipher, mac } = keysOf(type, mediaKey)
  const encrypted = file.subarray(0, -MAC_BYTES)
  if (!macOf(mac, iv, encrypted).equals(file.subarray(-MAC_BYTES)))
    throw new Error('The media cannot be decrypted: the key or the type is wrong.')
  const aes = createDecipheriv('aes-256-cbc', cipher, iv)
  return Buffer.concat([aes.update(encrypted), aes.final()])
}

function macOf(key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array): Buffer {
  return createHmac('sha256', key).update(iv).update(encrypted).digest().subarray(0, MAC_BYTES)
}
