/** GET /qr and /qr/code as pages without scripts: what the phone has to see or be told, or what is going on. */
import { createHash } from 'node:crypto'
import { escapeInText } from '../../json.ts'
import type { SessionState, Status } from '../../model/status.ts'
import { drawQrImage, QR_SIZE_PX } from '../../qr-drawing.ts'
import { QR_STYLE } from './qr-style.ts'
import { explain, HEADLINES, headline, withButton } from './qr-words.ts'

/** Nothing may be loaded or run; the one style sheet is named by its hash. The forms post to this server alone. */
const POLICY = [
  "default-src 'none'",
  'img-src data:',
  `style-src 'sha256-${createHash('sha256').update(QR_STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** A code on this page links an account: it is not kept, framed or passed on. */
export const QR_PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
} as const

/** What /qr shows. */
export type QrView = {
  status: Status
  /** The text to show as a 360×360 code; null: there is none. */
  qr: string | null
  /** The pairing code that waits to be typed on the phone, and how many more seconds it is valid; null: there is none. */
  code: { text: string; seconds: number } | null
  /** Where agents connect. */
  mcpUrl: string
  /** Why what was asked for did not begin, as sentences; it stays on the page, which then does not reload itself. */
  problem?: string
}

/** The page at /qr, which reloads itself every 5 s. */
export async function renderQrPage(view: QrView): Promise<string> {
  const { status, problem } = view
  const refresh = problem === undefined ? '<meta http-equiv="refresh" content="5">\n' : ''
  return page(
    HEADLINES[status.state],
    refresh,
    `<h1>${escapeHtml(headline(status))}</h1>
${problem === undefined ? '' : `<p class="problem" role="alert">${escapeHtml(withButton(problem))}</p>`}
${await middle(view)}
<span class="state ${TONES[status.state]}">${escapeHtml(status.state)}</span>`,
  )
}

/** The page at /qr/code, on which a phone number is typed. It does not reload itself: that would empty the field. */
export function renderNumberPage(typed: string, problem: string | null): string {
  return page(
    'Link with a phone number',
    '',
    `<h1>Link with a phone number</h1>
<p>WhatsApp gives you a code to type on the phone, in place of a QR code to scan.</p>
${problem === null ? '' : `<p class="problem" role="alert">${escapeHtml(withButton(problem))}</p>`}
<form method="post">
<label for="number">Phone number of the account to link, with country code</label>
<input id="number" name="phone_number" type="tel" inputmode="tel" autocomplete="tel" placeholder="+1 555 000 1000" value="${escapeHtml(typed)}" maxlength="40" required autofocus>
<button>Get a code</button>
</form>
<p>This can take a minute.</p>
<p><a href="../qr">Scan a QR code instead</a></p>`,
  )
}

/** How a state looks: in the colour of what is well, under way, or wrong. */
const TONES: Record<SessionState, 'idle' | 'busy' | 'good' | 'bad'> = {
  stopped: 'idle',
  starting: 'busy',
  qr: 'busy',
  authenticated: 'good',
  ready: 'good',
  auth_failure: 'bad',
  disconnected: 'bad',
}

async function middle({ status, qr, code, mcpUrl }: QrView): Promise<string> {
  if (code !== null) return codeToType(code)
  if (qr !== null) {
    return `<img src="${await drawQrImage(qr)}" width="${QR_SIZE_PX}" height="${QR_SIZE_PX}" alt="QR code to scan with WhatsApp">\n${STEPS}`
  }
  const lines = explain(status)
    .map((line) => `<p>${escapeHtml(withButton(line))}</p>`)
    .join('\n')
  if (status.state === 'ready') return `${lines}\n${whatNext(mcpUrl)}`
  if (!isStartable(status)) return lines
  return `${lines}\n${START}${status.linked ? '' : `\n${BY_NUMBER}`}`
}

/** Does nothing go on by itself? */
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
<p>A new code appears by itself.</p>
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
<p>The code is valid for another ${left} minutes.</p>
<p><a href="qr/code">Get another code</a></p>`
}

function whatNext(mcpUrl: string): string {
  return `<ul>
<li><a href="/docs#/messages/send_message">Send a first message</a> on the API page, which has <a href="/docs">every call</a>.</li>
<li>Connect an agent: the command <code>mcp-config</code> sets up its client, or give it this address: <code>${escapeHtml(mcpUrl)}</code></li>
</ul>`
}

function page(title: string, refresh: string, main: string): string {
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

/** Names and errors are other people's text: it is shown as text, and nothing in it may steer. */
function escapeHtml(text: string): string {
  return escapeInText(text).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
