/**
 * Asks the user about a message that waits for approval, in the same call, where the client can ask. The SDK does it over a
 * legacy session, or has the client of the current revision call again with the answer.
 */
import { createHmac, randomUUID } from 'node:crypto'
import {
  type CallToolResult,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type RequestId,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { Clock } from '../../clock.ts'
import { AppError } from '../../errors.ts'
import { escapeInText } from '../../json.ts'
import { describeHeld, type OutboxItem } from '../../model/outbox.ts'
import { lines, quoted } from '../../operations/brief.ts'
import type { Call } from '../../operations/call.ts'
import type { Door } from '../../operations/door.ts'

/** A question can be answered this long, in milliseconds. */
const ANSWER_MS = 3_600_000
/** A later answer decides nothing, but its call is known as long as its idempotency key, in seconds. */
const KNOWN_S = 7 * 86_400

/**
 * What the call with the answer knows of the first call. The client sends it back, sealed. `text`: the text to edit; null: none.
 * `untilMs`: when an answer is too late, Unix milliseconds.
 */
type Asked = { items: Pick<OutboxItem, 'id' | 'digest'>[]; text: string | null; key: string; untilMs: number }

/** The admission for an answer. It concerns messages of the same caller only. */
const ANSWER = { name: 'answer_question', scope: 'send', needs: 'nothing' } as const

/** Returns the seal of {@link Asked}: with the same secret, it opens after a restart. The server's options reject what it did not seal. */
export function createSeal(secret: string) {
  const key = createHmac('sha256', secret).update('mcp questions').digest()
  return createRequestStateCodec<Asked>({ key, ttlSeconds: KNOWN_S })
}

const DECISION = 'decision'

/** The operations whose preview is the text of the message, so that the user can edit it in the question. */
const OF_TEXT = new Set(['send_message', 'send_to_chat'])

/** Runs a tool call, and reports the ids of the items that it left waiting. */
export type Attempt = (call: Call, onHeld: (items: readonly string[]) => void) => Promise<CallToolResult>

/** `unanswered`: what a call returns if the client fails to answer its question, by JSON-RPC id. `canWait`: true if the tool sends what can wait. */
type Asking = {
  door: Door
  clock: Clock
  seal: ReturnType<typeof createSeal>
  unanswered: Map<RequestId, CallToolResult>
  canWait: boolean
}

/**
 * Runs a tool call. If its messages wait for approval and the client can ask, returns the question; with the answer, decides,
 * and returns what became of them. Without an answer in time, they wait.
 */
export async function runAsking(
  ctx: ServerContext,
  call: Call,
  { door, clock, seal, unanswered, canWait }: Asking,
  attempt: Attempt,
): Promise<CallToolResult | InputRequiredResult> {
  const asked = ctx.mcpReq.requestState<Asked>()
  // A call with an answer keeps its key under every policy: without it, the message would be sent beside the one that waits. Other
  // calls have a key only if they may ask: it is stored in the control database, which may be damaged.
  if (asked === undefined && !(canWait && call.canAsk && door.holds(call))) return attempt(call, () => {})
  let isEmptied = false
  if (asked !== undefined) {
    unanswered.delete(ctx.mcpReq.id)
    isEmptied = clock.now() < asked.untilMs && (await decideAsAnswered(ctx, call, door, asked))
  }
  let held: readonly string[] = []
  // The second call has the key of the first: it returns the outcome of the same message.
  const key = call.idempotencyKey ?? asked?.key ?? randomUUID()
  const result = await attempt({ ...call, idempotencyKey: key }, (items) => {
    held = items
  })
  if (held.length > 0 && isEmptied) result.content.push(NO_TEXT)
  if (held.length === 0 || asked !== undefined) return result
  unanswered.set(ctx.mcpReq.id, result)
  const { answering } = door.admit(ANSWER, call)
  const items = await Promise.all(held.map(async (id) => (await answering(id)).item))
  const text = textOf(items)
  const sealed = {
    items: items.map(({ id, digest }) => ({ id, digest })),
    text,
    key,
    untilMs: clock.now() + ANSWER_MS,
  }
  return question(items, text, await seal.mint(sealed))
}

/** Added to the outcome of a message whose text the user removed in the question. */
const NO_TEXT = {
  type: 'text',
  text: 'The user removed the text and accepted. Nothing is sent: the message waits as it was. Ask the user what to send.',
} as const

/** Returns the text that the user can edit; null if there is none. */
const textOf = ([one, another]: readonly OutboxItem[]) =>
  one && !another && OF_TEXT.has(one.operation) ? one.preview : null

function question(
  items: readonly OutboxItem[],
  text: string | null,
  requestState: string,
): InputRequiredResult {
  const [one] = items
  return inputRequired({
    inputRequests: {
      [DECISION]: inputRequired.elicit({
        message: escapeInText(items.length === 1 && one ? oneAsked(one) : severalAsked(items)),
        requestedSchema: {
          type: 'object',
          properties: {
            send: { type: 'boolean', title: items.length === 1 ? 'Send it' : 'Send them', default: true },
            ...(text === null ? {} : { message: { type: 'string' as const, title: 'Text', default: text } }),
          },
          required: ['send'],
        },
      }),
    },
    requestState,
  })
}

const recipient = ({ chat: { id, name, phone_number } }: OutboxItem) =>
  `${quoted(name)} (${phone_number === null ? id : `+${phone_number}`})`

/** What the message says comes last, so that no text can look like one of the other lines. */
const oneAsked = (item: OutboxItem) =>
  `${lines(`Send this message to ${recipient(item)}?`, describeHeld(item))}\n\n${item.preview}`

/** One line each: a text is a JSON string, so that it cannot look like another message. */
const severalAsked = (items: readonly OutboxItem[]) =>
  lines(
    `Send these ${items.length} messages?`,
    items.map((item, index) =>
      [`${index + 1}. To ${recipient(item)}`, ...describeHeld(item), quoted(item.preview)].join('; '),
    ),
  )

/**
 * Decides as the user answered. If the user closed the question without an answer, or accepted without the text, the message stays
 * waiting; returns true in the second case only. A decision that comes too late, or cannot be stored, is no error: the call then
 * returns the present state of the message.
 */
async function decideAsAnswered(ctx: ServerContext, call: Call, door: Door, asked: Asked): Promise<boolean> {
  const answer = inputResponse(ctx.mcpReq.inputResponses, DECISION)
  if (answer.kind !== 'elicit' || answer.action === 'cancel') return false
  const { send = true, message = asked.text } =
    answer.action === 'accept' ? (answer.content ?? {}) : { send: false }
  if (send === true && asked.text !== null && !isText(message)) return true
  const decideOn = ({ id, digest }: Asked['items'][number]) =>
    door.audited(ANSWER, call, async (about) => {
      const { decide } = await door.admit(ANSWER, call).answering(id)
      if (send !== true) return void about({ item: await decide.reject(id, null) })
      const isChanged = isText(message) && asked.text !== null && message !== asked.text
      const present = isChanged ? (await decide.change(id, { text: message, digest })).digest : digest
      about({ item: await decide.approve(id, present) })
    })
  for (const one of await Promise.allSettled(asked.items.map(decideOn)))
    if (one.status === 'rejected' && !(one.reason instanceof AppError)) throw one.reason
  return false
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''
