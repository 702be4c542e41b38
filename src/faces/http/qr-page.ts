/** GET /qr: one page without scripts that shows what the phone has to see, or what is going on. */
import { createHash } from 'node:crypto'
import { describeSync, type SessionState, type Status } from '../../model/status.ts'
import { drawQrImage, QR_SIZE_PX } from '../../qr-drawing.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: #111b21; --soft: #54656f; --line: #d1d7db; --back: #f0f2f5; --card: #fff; --accent: #008069 }
@media (prefers-color-scheme: dark) { :root { --ink: #e9edef; --soft: #aebac1; --line: #2a3942; --back: #0b141a; --card: #111b21; --accent: #00a884 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; padding: 1rem }
main { background: var(--card); border: 1px solid var(--line); border-radius: 16px; padding: 2rem; width: 100%; max-width: 28rem; text-align: center }
h1 { font-size: 1.25rem; margin: 0 0 .25rem }
p { margin: .5rem 0; color: var(--soft); overflow-wrap: anywhere }
img { display: block; margin: 1.25rem auto; width: 100%; max-width: ${QR_SIZE_PX}px; height: auto; background: #fff; border-radius: 8px }
ol { text-align: left; color: var(--soft); padding-left: 1.25rem; margin: 1rem 0 }
.state { display: inline-block; margin-top: 1rem; padding: .15rem .75rem; border: 1px solid var(--line); border-radius: 999px; font-size: .875rem; color: var(--accent) }
a { color: var(--accent) }
code { font-size: .9em; color: var(--ink) }
`

/** Nothing may be loaded or run; the one style sheet is named by its hash. */
const POLICY = [
  "default-src 'none'",
  'img-src data:',
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A code on this page links an account: it is not kept, framed or passed on. */
export const QR_PAGE_HEADERS = {
  'content-security-policy': POLICY,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
} as const

const HEADLINES: Record<SessionState, string> = {
  stopped: 'No QR code yet',
  starting: 'Starting…',
  qr: 'Link your WhatsApp',
  authenticated: 'Linked. Loading your chats…',
  ready: 'Linked',
  auth_failure: 'Linking failed',
  disconnected: 'Connection lost',
}

/** The whole page; reloads itself every 5 s. `qr` is the text to show as a 360×360 code, or null for none. */
export async function renderQrPage(status: Status, qr: string | null): Promise<string> {
  const image = qr === null ? null : await drawQrImage(qr)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(HEADLINES[status.state])} · whatsapp-mcp-api</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(headline(status))}</h1>
${image === null ? '' : `<img src="${image}" width="${QR_SIZE_PX}" height="${QR_SIZE_PX}" alt="QR code to scan with WhatsApp">`}
${image === null ? paragraphs(explain(status)) : STEPS}
<span class="state">${escapeHtml(status.state)}</span>
${STARTABLE.has(status.state) ? TO_START : ''}
</main>
</body>
</html>
`
}

/** States in which nothing goes on by itself. */
const STARTABLE: ReadonlySet<SessionState> = new Set(['stopped', 'auth_failure'])
/** This page only shows; the other one can act, when somebody presses its button. */
const TO_START = '<p><a href="/docs#/link/start_auth">Start on the API page</a></p>'

const STEPS = `<ol>
<li>Open WhatsApp on your phone</li>
<li>Settings → Linked devices → Link a device</li>
<li>Point the phone at this code</li>
</ol>
<p>A new code appears by itself.</p>`

/** What is going on, in a few words. May hold the account's name, as its owner wrote it. */
export function headline(status: Status): string {
  if (status.state !== 'ready') return HEADLINES[status.state]
  return `Linked as ${status.account?.pushname ?? status.account?.wid ?? 'your account'}`
}

/** What to know while there is no code to show: a sentence each, at least one. */
export function explain(status: Status): string[] {
  const lines: string[] = []
  if (status.pairing?.method === 'code') lines.push('A pairing code waits to be typed on the phone.')
  else if (status.state === 'qr') lines.push('The last code expired; a new one is on its way.')
  else if (status.state === 'stopped') lines.push('No QR code is available yet.')
  if (status.last_error !== null) lines.push(status.last_error)
  if (status.next_step !== null && status.state !== 'qr') lines.push(status.next_step)
  if (status.reconnect !== null)
    lines.push(`Attempt ${status.reconnect.attempt} at ${status.reconnect.next_attempt_at}.`)
  const filling = describeSync(status.sync)
  if (filling !== null) lines.push(filling)
  if (status.archive?.problem) lines.push(ARCHIVE_PROBLEM)
  if (lines.length === 0) lines.push('Everything is up and running.')
  return lines
}

const ARCHIVE_PROBLEM =
  'Messages cannot be kept: see `archive` in GET /api/status, and docs/troubleshooting.md.'

function paragraphs(lines: readonly string[]): string {
  return lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('\n')
}

/** Names and errors are other people's text. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
