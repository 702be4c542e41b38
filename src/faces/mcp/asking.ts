/**
 * Asks the user about a message that waits for approval, in the same call, where the client can ask. The SDK does it over a
 * legacy session, or has the client of the current revision call again with the answer.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import {
  type CallToolResult,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type RequestId,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { AppError } from '../../errors.ts'
import { escapeInText } from '../../json.ts'
import { describeHeld, type OutboxItem } from '../../model/outbox.ts'
import { lines, quoted } from '../../operations/brief.ts'
import type { Call } from '../../operations/call.ts'
import type { Door } from '../../operations/door.ts'

/** A question can be answered this long, in seconds. */
const ANSWER_S = 3_600

/** What the call with the answer knows of the first call. The client sends it back, sealed. `text`: the text to edit; null: none. */
type Asked = { items: Pick<OutboxItem, 'id' | 'digest'>[]; text: string | null; key: string }

/** The admission for an answer. It concerns messages of the same caller only. */
const ANSWER = { name: 'answer_question', scope: 'send', needs: 'nothing' } as const

const codec = createRequestStateCodec<Asked>({ key: randomBytes(32), ttlSeconds: ANSWER_S })

/** For the server's options: an answer with a state that is not ours is rejected. */
export const requestState = { verify: codec.verify }

const DECISION = 'decision'

/** The operations whose preview is the text of the message, so that the user can edit it in the question. */
const OF_TEXT = new Set(['send_message', 'send_to_chat'])

/** Runs a tool call, and reports the ids of the items that it left waiting. */
export type Attempt = (call: Call, onHeld: (items: readonly string[]) => void) => Promise<CallToolResult>

/**
 * Runs a tool call. If its messages wait for approval and the client can ask, returns the question; with the answer, decides,
 * and returns what became of them. Without an answer, they wait.
 * @param unanswered what the call returns if the client fails to answer its question, by JSON-RPC id
 */
export async function runAsking(
  ctx: ServerContext,
  call: Call,
  door: Door,
  unanswered: Map<RequestId, CallToolResult>,
  attempt: Attempt,
): Promise<CallToolResult | InputRequiredResult> {
  if (!call.canAsk || !door.holds(call)) return attempt(call, () => {})
  const asked = ctx.mcpReq.requestState<Asked>()
  let isEmptied = false
  if (asked !== undefined) {
    unanswered.delete(ctx.mcpReq.id)
    isEmptied = await decide(ctx, call, door, asked)
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
  return question(items, key)
}

/** Added to the outcome of a message whose text the user removed in the question. */
const NO_TEXT = {
  type: 'text',
  text: 'The user removed the text and accepted. Nothing is sent: the message waits as it was. Ask the user what to send.',
} as const

async function question(items: readonly OutboxItem[], key: string): Promise<InputRequiredResult> {
  const [one] = items
  const text = items.length === 1 && one && OF_TEXT.has(one.operation) ? one.preview : null
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
    requestState: await codec.mint({ items: items.map(({ id, digest }) => ({ id, digest })), text, key }),
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
async function decide(ctx: ServerContext, call: Call, door: Door, asked: Asked): Promise<boolean> {
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
