/** The operation that reads the audit log. It has no tool: an agent must not learn how it is watched. */
import { z } from 'zod'
import { AuditEntry, DECISIONS } from '../model/audit.ts'
import { accountIdInput } from '../model/ids.ts'
import { chatIdInput, limit, timeInput } from './inputs.ts'
import { CONTROL_ERRORS, defineOperation } from './operation.ts'

/** A word of the log, such as the name of an operation. */
const word = z.string().regex(/^[\w-]{1,64}$/, 'must be one word')
/** Rules have ids such as `rule:default/away`. */
const callerId = z.string().regex(/^[\w:/-]{1,80}$/, 'must be the id of a caller')

export const listAudit = defineOperation({
  name: 'list_audit',
  title: 'Audit log',
  tool: null,
  tag: 'keys',
  description:
    'Returns the calls that changed something or read what people wrote, newest first: who, what, in which chat, and how it ended. It has no texts and no search terms.',
  effect: 'read',
  scope: 'admin',
  toolset: 'core',
  needs: 'nothing',
  isGlobal: true,
  routes: ['GET /api/audit'],
  input: z.strictObject({
    caller: callerId
      .optional()
      .describe('Only calls of this caller: the id of a key, `owner`, `settings`, or `rule:ACCOUNT/NAME`.'),
    operation: word.optional().describe('Only calls of this operation, for example send_message.'),
    account: accountIdInput.optional(),
    chat: chatIdInput.optional().describe('Only calls that name this chat, by its id or phone number.'),
    decision: z.enum(DECISIONS).optional().describe('Only calls that were `allowed`, `held` or `denied`.'),
    outcome: word.optional().describe('Only calls with this outcome: `ok`, or the code of an error.'),
    since: timeInput.optional().describe('Only calls from this time on, as Unix seconds or ISO 8601.'),
    until: timeInput.optional().describe('Only calls before this time.'),
    cursor: z
      .string()
      .regex(/^\d{1,15}$/, 'must be the next_cursor of the previous page')
      .optional()
      .describe('`next_cursor` of the previous page. Leave it out for the first page.'),
    limit: limit(50),
  }),
  output: z.object({
    ok: z.literal(true),
    count: z.int().min(0),
    entries: z.array(AuditEntry),
    next_cursor: z
      .string()
      .nullable()
      .describe('Pass it as `cursor` for the next page; null on the last one.'),
  }),
  errors: [...CONTROL_ERRORS],
  example: { input: { decision: 'denied' } },
  async run({ since, until, cursor, limit: most, ...which }, { audit }) {
    const before = cursor === undefined ? undefined : Number(cursor)
    const rows = await audit.list({ ...which, before, sinceMs: since, untilMs: until, limit: most + 1 })
    const shown = rows.slice(0, most)
    const last = rows.length > most ? shown.at(-1) : undefined
    const entries = shown.map(({ id: _, atMs, ...row }) => ({ at: new Date(atMs).toISOString(), ...row }))
    return {
      ok: true as const,
      count: entries.length,
      entries,
      next_cursor: last === undefined ? null : String(last.id),
    }
  },
})
