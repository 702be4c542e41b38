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
  type ServerContext,
} from '@modelcontextprotocol/server'
import { escapeInText } from '../../json.ts'
import { describeHeld, type OutboxItem } from '../../model/outbox.ts'
import { lines, quoted } from '../../operations/brief.ts'
import type { Call } from '../../operations/call.ts'
import type { Door } from '../../operations/door.ts'

/** A question can be answered this long, in seconds. */
const ANSWER_S = 3_600

/** What the second call of a question knows of the first. The client carries it, sealed. `text`: null if there is none to edit. */
type Asked = { item: string; digest: string; text: string | null; key: string }

/** The admission for an answer. It concerns messages of the same caller only. */
const ANSWER = { name: 'answer_question', scope: 'send', needs: 'nothing' } as const

const codec = createRequestStateCodec<Asked>({ key: randomBytes(32), ttlSeconds: ANSWER_S })

/** For the server's options: an answer with a state that is not ours is rejected. */
export const requestState = { verify: codec.verify }

const DECISION = 'decision'

/** The operations whose preview is the text itself. What others show is no text that can replace anything. */
const OF_TEXT = new Set(['send_message', 'send_to_chat'])

/** Runs a tool call with this key, and reports the item that it left waiting. */
export type Attempt = (call: Call, onHeld: (item: OutboxItem) => void) => Promise<CallToolResult>

/**
 * Runs a tool call. If its message waits for approval and the client can ask, returns the question; with the answer, decides,
 * and returns what became of the message. Without an answer, the message waits.
 */
export async function runAsking(
  ctx: ServerContext,
  call: Call,
  door: Door,
  attempt: Attempt,
): Promise<CallToolResult | InputRequiredResult> {
  if (!call.canAsk || !door.holds(call)) return attempt(call, () => {})
  const asked = ctx.mcpReq.requestState<Asked>()
  if (asked !== undefined) await decide(ctx, call, door, asked)
  let held: OutboxItem | null = null
  // The second call has the key of the first: it returns the outcome of the same message.
  const key = call.idempotencyKey ?? asked?.key ?? randomUUID()
  const result = await attempt({ ...call, idempotencyKey: key }, (item) => {
    held = item
  })
  if (held === null || asked !== undefined) return result
  return question(held, key)
}

async function question(item: OutboxItem, key: string): Promise<InputRequiredResult> {
  const { id, digest, chat, preview, operation } = item
  const to = chat.phone_number === null ? chat.id : `+${chat.phone_number}`
  // Before the text, so that no text can look like one of these lines.
  const head = lines(`Send this message to ${quoted(chat.name)} (${to})?`, describeHeld(item))
  return inputRequired({
    inputRequests: {
      [DECISION]: inputRequired.elicit({
        message: escapeInText(`${head}\n\n${preview}`),
        requestedSchema: {
          type: 'object',
          properties: {
            send: { type: 'boolean', title: 'Send it', default: true },
            ...(OF_TEXT.has(operation)
              ? { message: { type: 'string' as const, title: 'Text', default: preview } }
              : {}),
          },
          required: ['send'],
        },
      }),
    },
    requestState: await codec.mint({ item: id, digest, text: OF_TEXT.has(operation) ? preview : null, key }),
  })
}

/** Decides as the user answered. A question that was closed without an answer leaves the message waiting. */
async function decide(ctx: ServerContext, call: Call, door: Door, asked: Asked): Promise<void> {
  const answer = inputResponse(ctx.mcpReq.inputResponses, DECISION)
  if (answer.kind !== 'elicit' || answer.action === 'cancel') return
  await door.audited(ANSWER, call, async (about) => {
    const decisions = await door.admit(ANSWER, call).answering(asked.item)
    const { send = true, message = asked.text } =
      answer.action === 'accept' ? (answer.content ?? {}) : { send: false }
    if (send !== true) return void about({ item: await decisions.reject(asked.item, null) })
    const isChanged =
      asked.text !== null && typeof message === 'string' && message !== asked.text && message.trim() !== ''
    const { digest } = isChanged ? await decisions.change(asked.item, { text: message }) : asked
    about({ item: await decisions.approve(asked.item, digest) })
  })
}
