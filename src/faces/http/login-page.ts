/** /login: a browser cannot send a key with a page, so a person types it here once. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS, toAppError } from '../../errors.ts'
import { accountPath } from '../../model/account-paths.ts'
import { accountIdInput, DEFAULT_ACCOUNT } from '../../model/ids.ts'
import type { Caller } from '../../operations/call.ts'
import type { BrowserSessions } from './browser-sessions.ts'
import { requireOwnPage } from './guard.ts'
import { acceptForms } from './input.ts'
import { headersOf, LOGIN_PAGE, QR_PAGE } from './page-table.ts'
import { page, problemBox } from './qr-page.ts'

export type LoginOptions = {
  sessions: Pick<BrowserSessions, 'begin'>
  /** Returns the caller with this key. @throws AppError as of identify.ts: wrong keys are counted together */
  identify(key: string): Promise<Caller>
}

/** Returns the URL of the form for a page of this account. */
export function loginFor(account: string): string {
  return account === DEFAULT_ACCOUNT
    ? LOGIN_PAGE.path
    : `${LOGIN_PAGE.path}?account=${encodeURIComponent(account)}`
}

/** Adds the form, and what it posts to. A right key leads to the page with the QR code. */
export function addLogin(server: FastifyInstance, { sessions, identify }: LoginOptions): void {
  server.get(LOGIN_PAGE.path, { config: { isPublic: true } }, async (_, reply) => html(reply, render(null)))

  async function login(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    requireOwnPage(request.raw)
    const { key } = Object(request.body)
    try {
      const caller = await identify(String(key ?? '').trim())
      const to = accountPath(QR_PAGE.path, accountOf(request))
      return reply.header('set-cookie', sessions.begin(caller)).redirect(to, 303)
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'internal_error') throw error
      if (error.retryAfterS !== undefined) reply.header('retry-after', String(error.retryAfterS))
      const says = error.code === 'key_required' ? WRONG : `${error.message} ${error.hint}`
      return html(reply.status(ERRORS[error.code].status), render(says))
    }
  }

  void server.register(async (forms) => {
    acceptForms(forms)
    forms.post(LOGIN_PAGE.path, { config: { takesForm: true, isPublic: true } }, login)
  })
}

const WRONG = 'This key is not valid. Type the whole key, which begins with wma_ if this server made it.'

/** Returns the account that the query names; `default` if it names none, or no valid id. */
function accountOf({ query }: FastifyRequest): string {
  const { account = DEFAULT_ACCOUNT } = Object(query)
  return accountIdInput.catch(DEFAULT_ACCOUNT).parse(account)
}

function render(problem: string | null): string {
  return page(
    'Log in',
    '',
    `<h1>Log in with a key</h1>
<p>This server requires a key with the scope admin for this page.</p>
${problemBox(problem)}
<form method="post">
<label for="key">Key</label>
<input id="key" name="key" type="password" autocomplete="current-password" maxlength="400" required autofocus>
<button>Log in</button>
</form>
<p>The command <code>keys create NAME --scopes admin</code> creates one. This browser stays logged in for 12 hours.</p>`,
  )
}

function html(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .headers({ ...headersOf(LOGIN_PAGE), 'cache-control': 'no-store' })
    .type('text/html; charset=utf-8')
    .send(text)
}
