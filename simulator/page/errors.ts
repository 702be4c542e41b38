/** The exceptions of WhatsApp Web, in the form in which they reach Node. */
import type { IqError } from '../wire.ts'

/**
 * The exception of a database lookup with an undefined key on the minified site: an object of class `r` that
 * is no Error; puppeteer renders it as `r: r` (wwebjs#201830, #201862: an IndexedDB DataError underneath).
 */
export class r {
  readonly name = 'DataError'
  readonly message = "Failed to execute 'get' on 'IDBObjectStore': No key or key range specified."
}

/** A refused request for a pairing code: `CompanionHelloError` that contains the IQ error (wwebjs#3763). */
export class b {
  readonly name = 'CompanionHelloError'
  readonly type: { name: string; value: { text: string; code: number } }

  constructor({ name, text, code }: IqError) {
    this.type = { name, value: { text, code } }
  }
}

/** A stanza that the server refused; clients identify it by its name. */
export class ServerStatusCodeError extends Error {
  readonly status: number

  constructor({ code, text }: IqError) {
    super(text)
    this.name = 'ServerStatusCodeError'
    this.status = code
  }
}

/** The media host has the file no more; clients read `status` (whatsapp-web.js: Message.js, `downloadMedia`). */
export class MediaNotFoundError extends Error {
  readonly status: number

  constructor(status: number) {
    super('MediaNotFoundError')
    this.name = 'MediaNotFoundError'
    this.status = status
  }
}

/** The bytes of media cannot be decrypted, or are others. */
export class MediaDecryptionError extends Error {
  override name = 'MediaDecryptionError'
}

/** The type of a file is not one for this kind of message: no Error, and of class `t` on the minified site (wwebjs#201908). */
class t {
  readonly name = 'InvalidMediaFileType'
  readonly message: string

  constructor(mimetype: string, type: string) {
    this.message = `Unexpected mimetype ${mimetype} for media type ${type}`
  }
}

export { t as InvalidMediaFileType }
