/** `whatsapp-mcp-api auth`: link an account from the terminal, by QR code or pairing code, until the session is ready. */
import { setTimeout as sleep } from 'node:timers/promises'
import { accountPath } from '../model/account-paths.ts'
import type { Status } from '../model/status.ts'
import { type Api, openApi, type Server } from './client.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { nameOf } from './status.ts'
import { jsonLines, openScreen, printable, type Screen } from './terminal.ts'
import { inWords } from './words.ts'

/** The server answers a start within 28 s and a request for a code within 60 s. */
const START_MS = 35_000
const CODE_MS = 65_000
const LOOK_EVERY_MS = 500

/** The response to a request for a pairing code. `code` is null if no code is needed. */
type Code = { code: string | null; instructions?: string }

/**
 * Starts the session and waits until it is ready. Prints the progress on standard output. With `json`, prints the
 * progress on standard error and the final status as JSON on standard output.
 * @throws CommandError if linking failed
 */
export async function auth(
  server: Server,
  { phone, json }: { phone: string; json: boolean },
): Promise<number> {
  const api = openApi(server)
  const screen = openScreen(json ? process.stderr : process.stdout)
  const done = await follow(api, screen, phone)
  screen.say(`Ready: linked as ${done.account === null ? 'your account' : nameOf(done.account)}.`)
  if (json) process.stdout.write(jsonLines(done))
  return EXIT.ok
}

async function follow(api: Api, screen: Screen, phone: string): Promise<Status> {
  // The response comes with the first result. The loop shows the progress until then.
  const begin = watch(ask(api, phone))
  let lastLine = ''
  let shown = ''
  let code: string | null = null
  for (;;) {
    // Read before the status, so that the status is the newer one: a state from before the start must not end the loop.
    if (begin.failure !== null) throw begin.failure
    const begun = begin.answer
    const now = await api.get<Status>('/api/status')
    const line = begun !== null || now.state === 'starting' ? progressOf(now) : ''
    if (line !== '' && line !== lastLine) screen.say(line)
    lastLine = line
    if (begun !== null) {
      if (now.state === 'ready') return now
      if (hasEnded(now))
        throw refused(now.last_error ?? 'Linking ended.', inWords(now.next_step ?? '', api.url))
      if (code === null && begun.code !== null) {
        code = begun.code
        screen.say(`\n    ${code.slice(0, 4)}-${code.slice(4)}\n\n${printable(begun.instructions ?? '')}`)
      }
      const isWaiting = now.pairing?.method === 'code' || now.pairing?.method === 'passkey'
      if (code !== null && now.state === 'qr' && !isWaiting)
        throw refused('The pairing code has expired.', 'Run the same command again to get a new code.')
    }
    if (phone === '' && now.has_qr) shown = await showQr(api, screen, shown)
    await sleep(LOOK_EVERY_MS)
  }
}

async function ask(api: Api, phone: string): Promise<Code> {
  if (phone !== '') return api.post<Code>('/api/pairing-code', { phone_number: phone }, CODE_MS)
  await api.post('/api/auth/start', {}, START_MS)
  return { code: null }
}

/** Returns an object that shows the result of a promise when it has settled. */
function watch<T>(promise: Promise<T>): { answer: T | null; failure: unknown } {
  const seen: { answer: T | null; failure: unknown } = { answer: null, failure: null }
  promise.then(
    (answer) => {
      seen.answer = answer
    },
    (error) => {
      seen.failure = error
    },
  )
  return seen
}

/** Stands for a code that did not fit on the terminal. */
const NARROW = 'too narrow'

/** Draws the QR code if it has changed. Resolves with the code that the terminal shows. */
async function showQr(api: Api, screen: Screen, shown: string): Promise<string> {
  const qr = await api.text('/qr')
  // The code expired between the two requests: the page is then a sentence.
  if (qr === shown || !qr.includes('█')) return shown
  const page = `${api.url}${accountPath('/qr', api.account)}`
  if (!screen.fits(qr.indexOf('\n'))) {
    if (shown !== NARROW)
      screen.say(`This terminal is too narrow for the QR code. Make it wider, or open ${page}`)
    return NARROW
  }
  if (shown === '' || shown === NARROW)
    screen.say(`On the phone: WhatsApp > Linked devices > Link a device. Scan this code, or open ${page}:`)
  screen.draw(qr)
  return qr
}

function progressOf(now: Status): string {
  switch (now.state) {
    case 'starting':
      return 'Starting the browser…'
    case 'authenticated':
      return 'Linked. Loading your chats…'
    case 'disconnected':
      return `${printable(now.last_error ?? 'The connection was lost.')} Reconnecting…`
    default:
      return ''
  }
}

/** True if the session does not continue automatically. */
function hasEnded({ state, reconnect }: Status): boolean {
  return state === 'stopped' || state === 'auth_failure' || (state === 'disconnected' && reconnect === null)
}

function refused(why: string, next: string): CommandError {
  return new CommandError(printable(why), printable(next || 'See "whatsapp-mcp-api status".'), EXIT.failed)
}
