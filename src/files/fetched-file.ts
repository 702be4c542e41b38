/** Fetches a file from a URL that a caller names: only from a public address, without redirects, within a time limit. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { PassThrough } from 'node:stream'
import type { Clock } from '../clock.ts'
import { AppError, fail } from '../errors.ts'
import { addressOf, ForbiddenAddress, guardedLookup, isPublic } from '../public-address.ts'
import type { OpenedBody } from './uploads.ts'

/** Time from the name lookup to the last byte. */
const LIMIT_MS = 20_000

/** Which hosts may be asked. Both check the address that the connection then uses. */
export type AddressGuard = { isAllowed(address: string): boolean; lookup: typeof guardedLookup }

const PUBLIC: AddressGuard = { isAllowed: isPublic, lookup: guardedLookup }

/**
 * Begins to fetch a file over http or https. Close the stream. It fails with `url_not_fetched` if the file does not arrive whole
 * in time.
 * @throws AppError `url_refused` for any other URL, an address that is not public, and a redirect; `url_not_fetched`
 */
export async function openFetched(text: string, clock: Clock, guard = PUBLIC): Promise<OpenedBody> {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    return fail('url_refused', { detail: 'The URL must be http or https, without a user name.' })
  const address = addressOf(url)
  if (address !== null && !guard.isAllowed(address)) fail('url_refused')
  const begin = url.protocol === 'https:' ? httpsRequest : httpRequest
  const request = begin(url, {
    // A connection of its own: a kept one could be to an address of before.
    agent: false,
    lookup: guard.lookup,
    headers: { 'accept-encoding': 'identity', 'user-agent': 'whatsapp-mcp-api' },
  })
  const stream = new PassThrough()
  // The stream can also fail before anybody reads it, and afterwards. Without a listener, that would end the process.
  stream.on('error', () => {})
  const cancel = clock.after(LIMIT_MS, () => {
    const late = new AppError('url_not_fetched', {
      detail: `The file did not arrive within ${LIMIT_MS / 1_000} s.`,
    })
    request.destroy(late)
    stream.destroy(late)
  })
  stream.once('close', () => {
    cancel()
    request.destroy()
  })
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on('error', reject)
      request.on('response', resolve)
      // A response that is not passed on, such as 101, ends with `close` alone. After any other end, this changes nothing.
      request.on('close', () => reject(stream.errored ?? new AppError('url_not_fetched')))
      request.on('upgrade', (_, socket) => void socket.destroy())
      request.end()
    })
    demandFile(response)
    response.on('error', (cause) => stream.destroy(new AppError('url_not_fetched', { cause })))
    response.pipe(stream)
    const { 'content-length': length, 'content-type': type } = response.headers
    return { stream, length: length === undefined ? null : Number(length), type }
  } catch (error) {
    stream.destroy()
    if (error instanceof AppError) throw error
    return fail(error instanceof ForbiddenAddress ? 'url_refused' : 'url_not_fetched', { cause: error })
  }
}

/** @throws AppError unless the response is a file */
function demandFile({ statusCode = 0, headers }: IncomingMessage): void {
  if (statusCode >= 300 && statusCode < 400)
    fail('url_refused', { detail: 'The URL leads to another one. Redirects are not followed.' })
  if (statusCode !== 200)
    fail('url_not_fetched', { detail: `The server of the URL responded with ${statusCode}.` })
  if (![undefined, 'identity'].includes(headers['content-encoding']))
    fail('url_not_fetched', { detail: 'The server of the URL sent the file compressed.' })
}
