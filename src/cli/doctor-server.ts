/** The checks of the running server of this directory. */
import type { Status } from '../model/status.ts'
import {
  apiOf,
  askServer,
  type Check,
  isServed,
  ok,
  problem,
  type Served,
  type Verdict,
  warning,
} from './doctor-check.ts'
import { checkWebhooks } from './doctor-webhooks.ts'

/** Returns a check that runs only if a server of this directory responds. @param what as in "so the accounts were not checked" */
function ofServer(name: string, what: string, run: (situation: Served) => Promise<Verdict>): Check {
  return {
    name,
    run: async (situation) =>
      isServed(situation) ? run(situation) : ok(`No server of this directory runs, so ${what} not checked.`),
  }
}

export const accountsCheck = ofServer('accounts', 'the accounts were', checkAccounts)
export const accessCheck = ofServer('access', 'its keys were', checkAccess)
export const webhooksCheck = ofServer('webhooks', 'its webhooks were', checkWebhooks)
export const sessionCheck = ofServer('session', 'the session was', checkSession)
export const capabilitiesCheck = ofServer('whatsapp', 'WhatsApp Web was', checkCapabilities)

/** Checks that the running server can open the control database, which lists its accounts. */
async function checkAccounts({ answering: { others = [], problem: why } }: Served): Promise<Verdict> {
  if (why !== undefined) return problem(`${why.detail} (${why.code})`, why.hint)
  return ok(
    others.length === 0 ? 'The server has one account.' : `The server has ${others.length + 1} accounts.`,
  )
}

/** Checks that limits of keys and hidden chats have an effect: programs of this user need no key unless keys are required. */
async function checkAccess(situation: Served): Promise<Verdict> {
  const open = await limitBesideOpenAccess(situation)
  if (open === null) return ok('No key is limited beside programs that need none.')
  return warning(
    `${open}, but programs of this user need no key: an agent with a shell can do and see everything.`,
    'If such an agent runs here, set WHATSAPP_MCP_REQUIRE_KEY=true and give it a limited key. See docs/security.md.',
  )
}

/** Returns what is limited while this user's programs need no key; null if nothing is, or if they need one. */
async function limitBesideOpenAccess(situation: Served): Promise<string | null> {
  if (situation.config.keysRequired) return null
  if (situation.config.hideChats.length > 0) return 'WHATSAPP_HIDE_CHATS hides chats'
  const found = await askServer<{ keys: { name: string; scopes: string[] }[] }>(situation, '/api/keys')
  const limited = found?.keys.find(({ scopes }) => !scopes.includes('admin'))
  return limited === undefined ? null : `The key ${JSON.stringify(limited.name)} is limited`
}

/** Checks the sessions of the running server. */
async function checkSession({ answering: { status, others = [] } }: Served): Promise<Verdict> {
  const verdicts = [
    sessionVerdict('The session', status),
    ...others.map((one) => sessionVerdict(`The account ${one.id}`, one.status)),
  ]
  const says = verdicts.map((one) => one.says).join(' ')
  return { ...(verdicts.find(({ level }) => level !== 'ok') ?? ok('')), says }
}

function sessionVerdict(what: string, { state, connected, reason, last_error, next_step }: Status): Verdict {
  const says = `${what} is ${state}${reason === null ? '' : ` (${reason})`}${last_error === null ? '.' : `: ${last_error}`}`
  if (
    state === 'auth_failure' ||
    state === 'disconnected' ||
    (state === 'ready' && !connected) ||
    last_error !== null
  )
    return warning(says, next_step ?? 'See docs/troubleshooting.md.')
  return ok(says)
}

/** The part of `GET /api/capabilities` that the check reads. */
type Capabilities = {
  whatsapp_web_version: string | null
  is_known_build: boolean | null
  operations: { operation: string; state: string; why: string | null }[]
}

/** Checks what WhatsApp Web offers to the running server. */
async function checkCapabilities(situation: Served): Promise<Verdict> {
  const { whatsapp_web_version, is_known_build, operations } =
    await apiOf(situation).get<Capabilities>('/api/capabilities')
  if (whatsapp_web_version === null) return ok('WhatsApp Web is not loaded, so it was not checked.')
  const build = `Build ${whatsapp_web_version} of WhatsApp Web`
  const broken = operations.filter(({ state }) => state === 'broken')
  if (broken.length > 0) {
    const names = broken.map(({ operation }) => operation).join(', ')
    return warning(`${build} breaks ${names}. ${broken[0]?.why ?? ''}`, 'Update whatsapp-mcp-api.')
  }
  return ok(
    is_known_build === true
      ? `${build} offers everything that is needed.`
      : `${build} is new. Nothing known is missing.`,
  )
}
