/** GET /qr and /qr/code as pages without scripts: the QR code, the pairing code, or the state of the session. */
import { escapeInText } from '../../json.ts'
import { DEFAULT_ACCOUNT } from '../../model/ids.ts'
import type { SessionState, Status } from '../../model/status.ts'
import { drawQrImage, QR_SIZE_PX } from '../../qr-drawing.ts'
import { QR_STYLE } from './qr-style.ts'
import { explain, headline, pageTitle, withButton } from './qr-words.ts'

/** The data of the page. */
export type QrView = {
  status: Status
  /** The text of the 360×360 QR code; null: there is none. */
  qr: string | null
  /** The pairing code to type on the phone, and the seconds until it expires; null: there is none. */
  code: { text: string; seconds: number } | null
  /** The id of the account, and the URL of its MCP endpoint. */
  account: string
  mcpUrl: string
  /** Why a start failed, as sentences. A page with a problem does not reload itself, so that the text stays. */
  problem?: string
}

/** Returns the page at /qr. It reloads itself every 5 s. */
export async function renderQrPage(view: QrView): Promise<string> {
  const { status, problem } = view
  const refresh = problem === undefined ? '<meta http-equiv="refresh" content="5">\n' : ''
  return page(
    pageTitle(status),
    refresh,
    `<h1>${escapeHtml(headline(status))}</h1>
${problemBox(problem === undefined ? null : withButton(problem))}
${await middle(view)}
<span class="state ${TONES[status.state]}">${escapeHtml(status.state)}</span>`,
  )
}

/** Returns the page at /qr/code with a form for the phone number. It does not reload itself, which would clear the field. */
export function renderNumberPage(typed: string, problem: string | null): string {
  return page(
    'Link with a phone number',
    '',
    `<h1>Link with a phone number</h1>
<p>You type a pairing code on the phone instead of scanning a QR code.</p>
${problemBox(problem === null ? null : withButton(problem))}
<form method="post">
<label for="number">Phone number of the account to link, with country code</label>
<input id="number" name="phone_number" type="tel" inputmode="tel" autocomplete="tel" placeholder="+1 555 000 1000" value="${escapeHtml(typed)}" maxlength="40" required autofocus>
<button>Get a pairing code</button>
</form>
<p>This can take a minute.</p>
<p><a href="../qr">Scan a QR code instead</a></p>`,
  )
}

/** The colour of each state: idle, busy, good or bad. */
const TONES: Record<SessionState, 'idle' | 'busy' | 'good' | 'bad'> = {
  stopped: 'idle',
  starting: 'busy',
  qr: 'busy',
  authenticated: 'good',
  ready: 'good',
  auth_failure: 'bad',
  disconnected: 'bad',
}

async function middle({ status, qr, code, account, mcpUrl }: QrView): Promise<string> {
  if (code !== null) return codeToType(code)
  if (qr !== null) {
    return `<img src="${await drawQrImage(qr)}" width="${QR_SIZE_PX}" height="${QR_SIZE_PX}" alt="QR code to scan with WhatsApp">\n${STEPS}`
  }
  const lines = explain(status)
    .map((line) => `<p>${escapeHtml(withButton(line))}</p>`)
    .join('\n')
  if (status.state === 'ready') return `${lines}\n${whatNext(account, mcpUrl)}`
  if (!isStartable(status)) return lines
  return `${lines}\n${START}${status.linked ? '' : `\n${BY_NUMBER}`}`
}

/** Returns true if the session does not continue automatically, so the page shows a button. */
function isStartable({ state, reconnect }: Status): boolean {
  return state === 'stopped' || state === 'auth_failure' || (state === 'disconnected' && reconnect === null)
}

const START = '<form method="post"><button>Start</button></form>'
const BY_NUMBER = '<p><a href="qr/code">Link with a phone number instead</a></p>'

const STEPS = `<ol>
<li>Open WhatsApp on your phone</li>
<li>Settings → Linked devices → Link a device</li>
<li>Point the phone at this code</li>
</ol>
<p>The code is renewed automatically.</p>
${BY_NUMBER}`

function codeToType({ text, seconds }: { text: string; seconds: number }): string {
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  return `<p class="code">${escapeHtml(text.slice(0, 4))}-${escapeHtml(text.slice(4))}</p>
<ol>
<li>Open WhatsApp on your phone</li>
<li>Settings → Linked devices → Link a device</li>
<li>Link with phone number instead</li>
<li>Type this code</li>
</ol>
<p>The code expires in ${left} minutes.</p>
<p><a href="qr/code">Get a new code</a></p>`
}

function whatNext(account: string, mcpUrl: string): string {
  return `<ul>
<li>${account === DEFAULT_ACCOUNT ? FIRST_MESSAGE : firstMessageOf(escapeHtml(account))}</li>
<li>Connect an agent: run the command <code>mcp-config</code>, or enter this address in its client: <code>${escapeHtml(mcpUrl)}</code></li>
</ul>`
}

const FIRST_MESSAGE =
  '<a href="/docs#/messages/send_message">Send a first message</a> on the API page. It lists <a href="/docs">every operation</a>.'

/** The API page calls the paths of `default`. */
function firstMessageOf(account: string): string {
  return `Send a first message: run the command <code>send --account ${account}</code>. The <a href="/docs">API page</a> lists every operation; for this account, replace <code>/api</code> with <code>/api/accounts/${account}</code>.`
}

/** Returns the box with a problem; nothing if there is none. */
export function problemBox(problem: string | null): string {
  return problem === null ? '' : `<p class="problem" role="alert">${escapeHtml(problem)}</p>`
}

/** Returns a page of this style. `refresh`: further lines of its head. */
export function page(title: string, refresh: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${refresh}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · whatsapp-mcp-api</title>
<style>${QR_STYLE}</style>
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`
}

/** Escapes text for HTML. Names and errors may come from other people, so markup and controls have no effect. */
function escapeHtml(text: string): string {
  return escapeInText(text).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
