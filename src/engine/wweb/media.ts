/** Bytes of media between Node and the page: files that are sent by their path, what is downloaded in pieces. */
import { stat } from 'node:fs/promises'
import type { Clock } from '../../clock.ts'
import { fail } from '../../errors.ts'
import { notePassed } from '../../passing-bytes.ts'
import type { Engine } from '../engine.ts'
import { type Ask, callPage } from './asking.ts'
import {
  type FileInput,
  pageCloseMedia,
  pageFileInput,
  pageOpenMedia,
  pageReadMedia,
  pageTakeMedia,
  pageThumbnail,
  type TakenMedia,
} from './page-media.ts'

/** Bytes of one call: text of 340 KB in base64, which puppeteer and the page handle in a few milliseconds. */
const PIECE = 2 ** 18
/** The page answers from memory. */
const MEMORY_MS = 10_000

/** The part of the client that media uses. */
export type MediaClient = {
  pupPage: {
    evaluate(run: (...given: unknown[]) => unknown, ...args: unknown[]): Promise<unknown>
    evaluateHandle(run: () => FileInput): Promise<InputHandle>
  } | null
}
type InputHandle = { uploadFile(path: string): Promise<void>; dispose(): Promise<void> }

export type MediaTransfer = Pick<Engine, 'fetchMedia' | 'readThumbnail'> & {
  /**
   * Gives the page a file of the disk, which the browser reads itself. Returns a handle, for {@link MediaTransfer.drop}: until
   * then the file must stay as it is. Fails with `media_refused` if the file cannot be read, and as {@link Ask}.
   */
  put(path: string): Promise<number>
  /** Frees what the page keeps for this handle. Never fails. */
  drop(handle: number): Promise<void>
}

export function createMediaTransfer(client: MediaClient, ask: Ask, clock: Clock): MediaTransfer {
  function inPage<A extends unknown[], T>(what: string, ms: number, run: (...args: A) => T, ...args: A) {
    return ask(what, ms, callPage(client, run, ...args))
  }

  async function drop(handle: number): Promise<void> {
    await inPage('Freeing media', MEMORY_MS, pageCloseMedia, handle).catch(() => {})
  }

  async function* read(handle: number, sizeBytes: number): AsyncGenerator<Uint8Array> {
    const pieceAt = (at: number) => {
      const piece = inPage('Reading media', MEMORY_MS, pageReadMedia, handle, at, at + PIECE)
      // Nobody may wait for it any more.
      piece.catch(() => {})
      return piece
    }
    // One piece ahead: the page reads while this one is stored.
    let next = pieceAt(0)
    for (let end = PIECE; end - PIECE < sizeBytes; end += PIECE) {
      const piece = await next
      if (end < sizeBytes) next = pieceAt(end)
      notePassed(PIECE)
      yield Buffer.from(piece, 'base64')
    }
  }

  return {
    drop,
    async readThumbnail(keys) {
      const text = await inPage('Reading a preview', MEMORY_MS, pageThumbnail, keys)
      return text === null ? null : Buffer.from(text, 'base64')
    },
    async put(path) {
      const { size } = await stat(path).catch((cause: unknown) =>
        fail('media_refused', { detail: 'The file to send is no longer stored.', cause }),
      )
      const page = client.pupPage ?? fail('not_connected', { retryAfterS: 5 })
      const input = await ask('Making a file input', MEMORY_MS, page.evaluateHandle(pageFileInput))
      try {
        await ask('Giving the browser a file', MEMORY_MS, input.uploadFile(path))
        // puppeteer passes the element itself.
        const take = pageTakeMedia as (...given: unknown[]) => unknown
        const taking = page.evaluate(take, input) as Promise<TakenMedia>
        const { handle, sizeBytes } = await ask('Taking a file', MEMORY_MS, taking)
        if (sizeBytes === size) return handle
        await drop(handle)
        return fail('media_refused', {
          detail: 'The browser cannot read the file to send.',
          hint: 'Set WHATSAPP_AUTH_DIR to a directory that the browser may read, or use another browser.',
        })
      } finally {
        input.dispose().catch(() => {})
      }
    },
    async fetchMedia({ keys, source, askPhone, limitMs }) {
      const endAt = clock.now() + limitMs
      const answer = callPage(client, pageOpenMedia, keys, source, askPhone)
      let isLate = false
      // A download that comes too late must not stay in the page.
      answer.then(
        (opened) => void (isLate && opened.state === 'open' && drop(opened.handle)),
        () => {},
      )
      const opened = await ask('Downloading media', Math.max(0, endAt - clock.now()), answer).catch(
        (error) => {
          isLate = true
          throw error
        },
      )
      if (opened.state === 'refused')
        return fail('whatsapp_error', { detail: `WhatsApp Web refuses to open the media: ${opened.why}.` })
      if (opened.state === 'later')
        return fail('whatsapp_timeout', {
          detail: 'WhatsApp has the file no more, and the phone has not uploaded it again yet.',
          hint: 'Retry when the phone is online.',
        })
      if (opened.state !== 'open')
        return fail(opened.state === 'gone' ? 'media_expired' : 'message_not_found')
      const { handle, sizeBytes, directPath } = opened
      return { sizeBytes, directPath, bytes: read(handle, sizeBytes), close: () => drop(handle) }
    },
  }
}
