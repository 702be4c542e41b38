/** /qr and /qr/code: the pages for linking an account, and their two forms. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS, toAppError } from '../../errors.ts'
import { inAccount } from '../../model/account-paths.ts'
import { accountIn, NOBODY } from '../../operations/call.ts'
import type { Door, Grant } from '../../operations/door.ts'
import { requestPairingCode, startAuth } from '../../operations/link.ts'
import { prefersText } from './accept.ts'
import { callOf } from './calls.ts'
import { requireOwnPage } from './guard.ts'
import { acceptForms, inputOf, takeNoFields } from './input.ts'
import { loginFor } from './login-page.ts'
import { headersOf, NUMBER_PAGE, pathsOf, QR_PAGE } from './page-table.ts'
import { type QrView, renderNumberPage, renderQrPage } from './qr-page.ts'
import { renderQrText } from './qr-text.ts'

/**
 * Adds the routes, for each account too. `GET /qr` returns a page, or text for clients that prefer it; always 200. `POST /qr`
 * starts the session, and `POST /qr/code` requests a pairing code. Both accept only the form of their page, and redirect to
 * `/qr`.
 */
export function addQr(server: FastifyInstance, door: Door): void {
  const admit = (request: FastifyRequest, reply: FastifyReply) =>
    door.admit({ ...QR_PAGE, needs: 'nothing' }, callOf(request, reply, 'page'))
  const options = { config: { takesSession: true }, preHandler: takeNoFields }
  const askToLogIn = ({ params }: FastifyRequest, reply: FastifyReply) =>
    reply.header('cache-control', 'no-store').redirect(loginFor(accountIn(params)), 303)

  for (const path of pathsOf(QR_PAGE))
    server.get(path, options, async (request, reply) => {
      if (request.caller === NOBODY) return askToLogIn(request, reply)
      const granted = admit(request, reply)
      granted.session.touch()
      if (!prefersText(request.headers.accept)) return html(reply, await renderQrPage(viewOf(granted)))
      const text = await renderQrText(granted.status(), granted.session.qr())
      return withHeaders(reply).type('text/plain; charset=utf-8').send(text)
    })

  for (const path of pathsOf(NUMBER_PAGE))
    server.get(path, options, async (request, reply) => {
      if (request.caller === NOBODY) return askToLogIn(request, reply)
      const { linked } = admit(request, reply).status()
      return linked ? reply.redirect('../qr', 303) : html(reply, renderNumberPage('', null))
    })

  async function start(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    requireOwnPage(request.raw)
    await takeNoFields(request)
    const granted = admit(request, reply)
    let stop = () => {}
    const begun = new Promise<void>((resolve) => {
      stop = granted.onStatus(resolve)
    })
    try {
      // Redirects as soon as the start has begun, because the page reloads itself.
      await Promise.race([begun, door.invoke(startAuth, {}, callOf(request, reply, 'page'))])
    } catch (error) {
      const { code, problem } = explained(error, request)
      return html(reply.status(ERRORS[code].status), await renderQrPage({ ...viewOf(granted), problem }))
    } finally {
      stop()
    }
    return reply.redirect('qr', 303)
  }

  async function requestCode(
    request: FastifyRequest<{ Body?: { phone_number?: string } }>,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    requireOwnPage(request.raw)
    const form = request.body ?? {}
    try {
      await door.invoke(requestPairingCode, inputOf(request), callOf(request, reply, 'page'))
    } catch (error) {
      const { code, problem } = explained(error, request)
      return html(reply.status(ERRORS[code].status), renderNumberPage(form.phone_number ?? '', problem))
    }
    return reply.redirect('../qr', 303)
  }

  void server.register(async (forms) => {
    acceptForms(forms)
    const options = { config: { takesForm: true, takesSession: true } }
    for (const path of pathsOf(QR_PAGE)) forms.post(path, options, start)
    for (const path of pathsOf(NUMBER_PAGE)) forms.post(path, options, requestCode)
  })
}

function viewOf({ session, status, clock, account, mcpUrl }: Grant<'admin', 'nothing'>): QrView {
  const code = session.pairingCode()
  return {
    status: status(),
    qr: session.qr(),
    code: code && {
      text: code.code,
      seconds: Math.max(0, Math.round((code.expiresAt.getTime() - clock.now()) / 1000)),
    },
    account,
    mcpUrl,
  }
}

/** Both pages have the same headers. */
function withHeaders(reply: FastifyReply): FastifyReply {
  return reply.headers(headersOf(QR_PAGE)).header('vary', 'accept')
}

function html(reply: FastifyReply, text: string): FastifyReply {
  return withHeaders(reply).type('text/html; charset=utf-8').send(text)
}

/**
 * Returns an error as text for the page. Its sentences name the paths of the account. Throws `internal_error` again, which
 * belongs in the log.
 */
function explained(thrown: unknown, { params }: FastifyRequest) {
  const error = toAppError(thrown)
  const { code, message, hint } = error
  if (code === 'internal_error') throw error
  const problem =
    code === 'invalid_input'
      ? 'This is not a phone number. Enter 8 to 15 digits with the country code.'
      : inAccount(`${message} ${hint}`, accountIn(params))
  return { code, problem }
}
