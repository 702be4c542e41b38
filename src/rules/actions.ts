/** What rules do with an event: run a command, send it to a URL, or reply. */
import type { Clock } from '../clock.ts'
import { ERRORS, toAppError } from '../errors.ts'
import type { Event, EventKind } from '../model/events.ts'
import { parseMessageKey } from '../model/ids.ts'
import type { Delivering } from '../webhooks/receiver.ts'
import type { Outcome } from '../webhooks/sender.ts'
import { createSigned, type SignedOptions } from '../webhooks/signed.ts'
import type { Slots } from '../webhooks/slots.ts'
import { runCommand } from './command.ts'
import type { Action, Rule } from './rule.ts'
import { fill } from './template.ts'

/** A reply that a rule sends. `key`: the same event has the same. `quotes`: id of the message that is quoted; null: none. */
export type Reply = { chat: string; text: string; quotes: string | null; key: string }

export type ActionOptions = SignedOptions & {
  /** Commands that run at the same time, of all rules. */
  slots: Slots
  /** True if this server made the id of the message. */
  isOurs(bareId: string): boolean
  /** Sends as the rule. Throws AppError as sending to a chat. */
  reply(rule: Rule, reply: Reply, signal: AbortSignal): Promise<void>
  /** A message that is older than this gets no reply. */
  lateMs: number
  clock: Clock
}

type Of<Does extends Action['does']> = Extract<Action, { does: Does }>
type Make<Does extends Action['does']> = (
  action: Of<Does>,
  rule: Rule,
  options: ActionOptions,
) => Delivering<string>

/** There was nothing to do. */
const NOTHING: Outcome<string> = { status: null, error: null, ms: 0 }
const idle = () => {}

/** What this server's own sends cause. A rule that took them could cause its own next event, or that of another rule. */
const ECHOES: readonly EventKind[] = ['message.sent', 'message.ack', 'message.received']

/**
 * Returns the event of a body; null if the rule does not act on it, because this server sent its message, or because the message was
 * forgotten: the body is then an event of another kind.
 */
function taken(body: string, { filter }: Rule, { isOurs }: ActionOptions): Event | null {
  const event: Event = JSON.parse(body)
  const { kind, message } = event
  if (filter.kinds?.includes(kind) !== true) return null
  const bareId = message === null ? undefined : parseMessageKey(message.id)?.bareId
  return ECHOES.includes(kind) && bareId !== undefined && isOurs(bareId) ? null : event
}

const MAKE: { [Does in Action['does']]: Make<Does> } = {
  run: ({ command, timeoutMs }, rule, options) => ({
    close: idle,
    deliver: (_, body, signal) =>
      options.slots.run(async () => {
        if (taken(body, rule, options) === null) return NOTHING
        return runCommand(body, { command, timeoutMs, signal, clock: options.clock })
      }),
  }),
  webhook: ({ url, secret }, _, options) =>
    createSigned(new URL(url), () => ({ secret, old: null }), options),
  reply({ text, quotes, everyMs }, rule, options) {
    const { clock, lateMs, reply } = options
    /** When this rule replied, by chat. */
    const replied = new Map<string, number>()
    const isDue = (chat: string) => clock.now() - (replied.get(chat) ?? Number.NEGATIVE_INFINITY) >= everyMs
    return {
      close: idle,
      async deliver(id, body, signal) {
        const { chat, message } = taken(body, rule, options) ?? { chat: null, message: null }
        for (const one of [...replied.keys()]) if (isDue(one)) replied.delete(one)
        if (chat === null || message === null || !isDue(chat.id)) return NOTHING
        if (clock.now() - message.timestamp * 1_000 > lateMs) return NOTHING
        const from = performance.now()
        const outcome = (error: string | null, isFinal: boolean): Outcome<string> => ({
          status: null,
          error,
          ms: Math.round(performance.now() - from),
          ...(isFinal ? { isFinal: true } : {}),
        })
        try {
          const filled = fill(text, { chat, message })
          const sent = reply(
            rule,
            { chat: chat.id, text: filled, quotes: quotes ? message.id : null, key: id },
            signal,
          )
          // A send that began goes on. The next run of the server asks what became of it.
          await unlessAborted(sent, signal)
          if (signal.aborted) return null
        } catch (error) {
          if (signal.aborted) return null
          const { code } = toAppError(error)
          const { status, retry } = ERRORS[code]
          // Below 400, the reply waits for the approval of the owner.
          if (status >= 400) return outcome(code, retry !== 'safe' && retry !== 'later')
        }
        replied.set(chat.id, clock.now())
        return outcome(null, false)
      },
    }
  },
}

/** Settles as `work` does, or resolves when the signal is aborted. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort = () => {}
  const aborted = new Promise<void>((resolve) => {
    abort = resolve
    signal.addEventListener('abort', abort)
  })
  await Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort))
}

/** Returns how this rule delivers. */
export function actionOf(rule: Rule, options: ActionOptions): Delivering<string> {
  const make = MAKE[rule.action.does] as Make<Action['does']>
  return make(rule.action, rule, options)
}
