/** The operation on the rules file. It has no tool: what runs on the owner's computer is nothing for an agent. */
import { z } from 'zod'
import { EVENT_KINDS } from '../model/events.ts'
import { toIsoMs } from '../model/times.ts'
import { PAUSE_REASONS } from '../model/webhook.ts'
import type { RuleView } from '../rules/rules.ts'
import { CONTROL_ERRORS, defineOperation } from './operation.ts'
import { onePage } from './reading.ts'

const RuleState = z.object({
  name: z.string(),
  account: z.string(),
  does: z.enum(['run', 'webhook', 'reply']),
  kinds: z.array(z.enum(EVENT_KINDS)).nullable(),
  chats: z.array(z.string()).nullable().describe('Null: all.'),
  from_me: z.boolean().nullable().describe('Null: both.'),
  mentions_me: z.boolean(),
  paused_reason: z
    .enum(PAUSE_REASONS)
    .nullable()
    .describe('Why it is paused; null if it works. Saving the file again continues it with new events.'),
  failing_chats: z.int().min(0).describe('Chats in which it fails and is tried again.'),
  dead_deliveries: z
    .int()
    .min(0)
    .describe(
      'Events for which it failed for 3 days. It is not tried again for them; they count for 30 days.',
    ),
  last_attempt: z
    .object({
      at: z.string(),
      status: z.int().nullable().describe('Exit code of the command, or HTTP status of the answer.'),
      error: z.string().nullable().describe('Why it failed; null if it did not.'),
      duration_ms: z.int(),
    })
    .nullable()
    .describe('The newest attempt since the server started.'),
})

export const listRules = defineOperation({
  tool: null,
  tag: 'rules',
  toolset: 'core',
  scope: 'admin',
  needs: 'nothing',
  isGlobal: true,
  name: 'list_rules',
  title: 'List rules',
  description:
    'Returns the rules of the rules file that are at work, and what is wrong with the file if it could not be used.',
  effect: 'read',
  routes: ['GET /api/rules'],
  input: z.strictObject({}),
  output: z.object({
    ok: z.literal(true),
    on: z.boolean().describe('True if the setting `WHATSAPP_RULES` switches rules on.'),
    file: z.string().describe('Absolute path of the rules file.'),
    read_at: z.string().nullable().describe('When these rules were read.'),
    problem: z
      .object({ line: z.int().nullable(), reason: z.string() })
      .nullable()
      .describe('Why the present file is not used: the rules of before stay. Null if it is.'),
    count: z.int().min(0),
    rules: z.array(RuleState),
    next_cursor: onePage,
  }),
  errors: [...CONTROL_ERRORS],
  example: { input: {} },
  async run(_, { rules }) {
    const all = await rules.list()
    const { isOn, file, readAtMs, problem } = rules.file()
    return {
      ok: true as const,
      on: isOn,
      file,
      read_at: toIsoMs(readAtMs),
      problem,
      count: all.length,
      rules: all.map(toState),
      next_cursor: null,
    }
  },
})

function toState({ row, failing, dead, last }: RuleView): z.input<typeof RuleState> {
  const { name, account, filter, action } = row.rule
  return {
    name,
    account,
    does: action.does,
    kinds: filter.kinds && [...filter.kinds],
    chats: filter.chats && [...filter.chats],
    from_me: filter.fromMe,
    mentions_me: filter.mentionsMe,
    paused_reason: row.paused,
    failing_chats: failing,
    dead_deliveries: dead,
    last_attempt: last && {
      at: toIsoMs(last.atMs),
      status: last.status,
      error: last.error,
      duration_ms: last.ms,
    },
  }
}
