/** `whatsapp-mcp-api auth`: link an account from the terminal, by QR code or pairing code, and see it through. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Status } from '../model/status.ts'
import { type Api, openApi, type Server } from './client.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { nameOf } from './status.ts'
import { openScreen, plain, type Screen } from './terminal.ts'
import { inWords } from './words.ts'

/** The server answers a start within 28 s and a request for a code within 60 s. */
const START_MS = 35_000
const CODE_MS = 65_000
const LOOK_EVERY_MS = 500

/** The answer to a request for a code; `code` is null where none is needed. */
type Code = { code: string | null; instructions?: string }

/**
 * Starts the session and follows it until it is ready. What goes on is told on standard output; with `json` on standard
 * error, and the last status as JSON on standard output.
 * @throws CommandError where linking failed
 */
export async function auth(
  server: Server,
  { phone, json }: { phone: string; json: boolean },
): Promise<number> {
  const api = openApi(server)
  const screen = openScreen(json ? process.stderr : process.stdout)
  const done = await follow(api, screen, phone)
  screen.say(`Ready: linked as ${done.account === null ? 'your account' : nameOf(done.account)}.`)
  if (json) process.stdout.write(`${JSON.stringify(done, null, 2)}\n`)
  return EXIT.ok
}

async function follow(api: Api, screen: Screen, phone: string): Promise<Status> {
  // The answer comes with the first result; what goes on until then is shown meanwhile.
  const begin = watch(ask(api, phone))
  let told = ''
  let shown = ''
  let code: string | null = null
  for (;;) {
    // Looked at before the status, which is then the newer: a state from before the start must not end this.
    if (begin.failure !== null) throw begin.failure
    const begun = begin.answer
    const now = await api.get<Status>('/api/status')
    const line = begun !== null || now.state === 'starting' ? progressOf(now) : ''
    if (line !== '' && line !== told) screen.say(line)
    told = line
    if (begun !== null) {
      if (now.state === 'ready') return now
      if (hasEnded(now))
        throw refused(now.last_error ?? 'Linking ended.', inWords(now.next_step ?? '', api.url))
      if (code === null && begun.code !== null) {
        code = begun.code
        screen.say(`\n    ${code.slice(0, 4)}-${code.slice(4)}\n\n${plain(begun.instructions ?? '')}`)
      }
      if (code !== null && now.state === 'qr' && now.pairing?.method !== 'code')
        throw refused('The pairing code has expired.', 'Run the same command again for another.')
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

/** A promise as something to look at from time to time. */
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

/** In the place of a code that could not be shown. */
const NARROW = 'too narrow'

/** Draws the code if it is another than the one shown; resolves with the one that is shown now. */
async function showQr(api: Api, screen: Screen, shown: string): Promise<string> {
  const qr = await api.text('/qr')
  // It went between the two questions: then this is a sentence.
  if (qr === shown || !qr.includes('█')) return shown
  const page = `${api.url}/qr`
  if (!screen.fits(qr.indexOf('\n'))) {
    if (shown !== NARROW)
      screen.say(`This terminal is too narrow for the QR code: make it wider, or open ${page}`)
    return NARROW
  }
  if (shown === '' || shown === NARROW)
    screen.say(`On the phone: WhatsApp > Linked devices > Link a device, and scan (or see ${page}):`)
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
      return `${plain(now.last_error ?? 'The connection is lost')} Trying again…`
    default:
      return ''
  }
}

/** Will nothing more happen by itself? */
function hasEnded({ state, reconnect }: Status): boolean {
  return state === 'stopped' || state === 'auth_failure' || (state === 'disconnected' && reconnect === null)
}

function refused(why: string, next: string): CommandError {
  return new CommandError(plain(why), plain(next || '"whatsapp-mcp-api status" tells more.'), EXIT.failed)
}
