/** Calls with an idempotency key: the same key and input run once, and a repeated call returns what the first one returned. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ControlStore, RequestKey, RequestRow } from '../control.ts'
import { AppError, ERRORS, type ErrorCode, fail, toAppError } from '../errors.ts'
import { problemOf, viewOf } from '../outbox/item.ts'
import type { Call } from './call.ts'
import type { Grant } from './door.ts'
import type { Operation } from './operation.ts'
import { isOpen, itemDeleted, presentParts, resultsOf } from './several.ts'

/** What a call returned. */
type Outcome =
  | { output: unknown }
  | { error: { code: ErrorCode; detail: string; hint: string; facts: object } }

/** An output, or the facts of an error, with an item of the outbox. */
const WithItem = z.looseObject({ item: z.object({ id: z.string().startsWith('ob_') }) })

/** Of an item, only its id is stored: forgetting a chat deletes its items, and no text of one may stay behind. */
function withoutText(outcome: Outcome): Outcome {
  const bare = <T>(fields: T) => WithItem.safeParse(fields).data ?? fields
  if ('output' in outcome) return { output: bare(outcome.output) }
  return { error: { ...outcome.error, facts: bare(outcome.error.facts) } }
}

/** Stored in place of a response with a secret. */
const shownOnce = (hint: string): Outcome => ({
  error: {
    code: 'outcome_unknown',
    detail:
      'The first request with this key succeeded. Its response contained a secret, so it was not stored.',
    hint,
    facts: {},
  },
})

/** The fields of a row that matter here. A row without an effect stores what it takes. */
type KeyedRow<In extends z.ZodType, Out extends z.ZodType> = Pick<
  Operation<In, Out>,
  'name' | 'scope' | 'needs' | 'isGlobal' | 'removesAccount' | 'output'
> &
  Partial<Pick<Operation<In, Out>, 'effect' | 'answer' | 'several' | 'shownOnce'>>

/** Runs a call once for its key. Calls without a key, and readings, simply run. */
export type Once = <In extends z.ZodType, Out extends z.ZodType>(
  operation: KeyedRow<In, Out>,
  input: z.output<In>,
  call: Call,
  work: () => Promise<z.output<Out>>,
) => Promise<z.output<Out>>

const idOf = ({ caller, account, operation, key }: RequestKey) =>
  JSON.stringify([caller, account, operation, key])

/**
 * True if a repeated call returns this error again; after any other error, it runs again. After `check_first`, a change may have
 * happened. A send may have happened only after `internal_error` and an error that {@link isOpen}.
 */
function isFinal({ answer }: { answer?: unknown }, code: ErrorCode): boolean {
  if (code === 'account_not_found') return false
  const { retry } = ERRORS[code]
  if (retry === 'never' || isOpen(code)) return true
  return retry === 'check_first' && (answer === undefined || code === 'internal_error')
}

/**
 * Returns {@link Once}. It fails with `idempotency_key_reused` (another input), `idempotency_in_progress`, `outcome_unknown`
 * (the server ended during the call), and if the control database is refused: then nothing runs.
 * @param reader returns that of the archive of an account
 */
export function createOnce(
  { requests, outbox }: Pick<ControlStore, 'requests' | 'outbox'>,
  reader: (account: string) => ReturnType<Grant['reader']>,
): Once {
  /** Outcomes that the control database could not store, by call; null: the call did nothing. */
  const unstored = new Map<string, Outcome | null>()

  return async (operation, input, call, work) => {
    const { idempotencyKey: key, caller, account } = call
    if (key === undefined || operation.effect === 'read') return work()
    const request = { caller: caller.id, account, operation: operation.name, key }
    const hash = createHash('sha256').update(JSON.stringify(input)).digest('hex')
    const known = await requests.begin(request, hash)
    if (known !== null) {
      if (known.input !== hash) fail('idempotency_key_reused')
      const late = known.outcome === null && known.isOurs ? takeUnstored(request) : undefined
      if (late) await note(request, late)
      // If the first call did nothing, this one runs.
      const row = late ? { ...known, outcome: JSON.stringify(late) } : known
      const again = late === null ? null : await replay(operation, input, request, row)
      if (again !== null) return again.output as Awaited<ReturnType<typeof work>>
    }
    try {
      const output = await work()
      await note(request, operation.shownOnce === undefined ? { output } : shownOnce(operation.shownOnce))
      return output
    } catch (thrown) {
      const { code, message: detail, hint, facts } = toAppError(thrown)
      if (isFinal(operation, code)) await note(request, { error: { code, detail, hint, facts } })
      else await requests.release(request).catch(() => unstored.set(idOf(request), null))
      throw thrown
    }
  }

  /** Stores the outcome. If that fails, keeps it for the next repetition: a message that was sent must not count as failed. */
  async function note(request: RequestKey, full: Outcome): Promise<void> {
    const outcome = withoutText(full)
    await requests.finish(request, JSON.stringify(outcome)).catch(() => unstored.set(idOf(request), outcome))
  }

  /** Returns the outcome that could not be stored, once: a second repetition at that time gets `idempotency_in_progress`. */
  function takeUnstored(request: RequestKey): Outcome | null | undefined {
    const late = unstored.get(idOf(request))
    unstored.delete(idOf(request))
    return late
  }

  /** Returns the stored output with its item as it is now, if it has one. */
  async function withItem(output: unknown): Promise<unknown> {
    const { data } = WithItem.safeParse(output)
    if (data === undefined) return output
    const item = await outbox.get(data.item.id)
    if (item === null) throw itemDeleted()
    return { ...data, item: viewOf(item) }
  }

  /** Returns what the earlier call returned; null if it did nothing before the server ended: it runs now. */
  async function replay<In extends z.ZodType, Out extends z.ZodType>(
    operation: KeyedRow<In, Out>,
    input: z.output<In>,
    request: RequestKey,
    { isOurs, outcome: stored }: RequestRow,
  ): Promise<{ output: unknown } | null> {
    const { answer, several, output: schema } = operation
    const outcome: Outcome | null = stored === null ? null : JSON.parse(stored)
    if (outcome !== null && 'output' in outcome) return { output: await withItem(outcome.output) }
    if (outcome === null && isOurs) fail('idempotency_in_progress', { retryAfterS: 1 })
    // A message whose outcome was unknown, or that waited, may be sent by now.
    const mayDiffer = outcome === null || isOpen(outcome.error.code)
    const item = answer !== undefined && mayDiffer ? await outbox.byRequest(request) : null
    const inArchive = () => reader(request.account)
    const answered = item === null ? undefined : await answer?.(item, input, inArchive)
    if (item !== null && answered) {
      const problem = problemOf(item)
      // The item may be of an earlier attempt, and the server ended during the retry: this call is that retry.
      const didNothing = outcome === null && item.state === 'failed' && problem !== null
      if (!didNothing || isFinal(operation, problem.code)) {
        if (problem !== null) throw problem
        return { output: schema.parse(answered) }
      }
    }
    // Of several messages, one item says nothing of the others.
    if (answered === null && outcome === null) lost()
    if (outcome !== null) {
      const { code, detail, hint, facts } = outcome.error
      const now = isOpen(code) ? await presentParts(facts, outbox.get) : null
      if (now !== null) {
        const results = resultsOf(now.parts, now.facts)
        return { output: schema.parse({ ok: true, ...now.facts, ...several?.(input), results }) }
      }
      // The message waited then.
      if (item === null && isOpen(code) && WithItem.safeParse(facts).success) throw itemDeleted()
      throw new AppError(code, { detail, hint, facts: { ...facts } })
    }
    if (answer === undefined) lost()
    if (!(await requests.takeOver(request))) fail('idempotency_in_progress', { retryAfterS: 1 })
    return null
  }
}

function lost(): never {
  return fail('outcome_unknown', {
    detail: 'The server ended during the first request with this key: its effect is unknown.',
    hint: 'Check its effect before you repeat it with a new key.',
  })
}
